package keyfile

import (
	"slices"
	"testing"

	"nginx-lint/analyzer/source"
)

func TestOutline(t *testing.T) {
	for name, test := range map[string]struct {
		dialect           Dialect
		text              string
		comments, entries []string
	}{
		"systemd": {
			Systemd, "# a\n[S]\nA=1 # no\nB=x \\\n ; between\n y\n",
			[]string{"# a", "; between"},
			[]string{"[S]\nA=1 # no\nB=x \\\n ; between\n y\n", "A=1 # no", "B=x \\\n ; between\n y"},
		},
		"supervisord": {
			Supervisord, "[a] ; head\nk=v ; end\r\nl=a;b #c\n[b]\n  # own\n",
			[]string{"; head", "; end", "#c", "# own"},
			[]string{"[a] ; head\nk=v ; end\r\nl=a;b #c\n", "k=v", "l=a;b", "[b]\n  # own\n"},
		},
		"uwsgi": {UWSGI, "[uwsgi]\nk = v # no\n;own\n", []string{";own"}, []string{"[uwsgi]\nk = v # no\n;own\n", "k = v # no"}},
	} {
		comments, entries := Outline(source.NewFile("f", test.text), test.dialect)
		if got := spans(comments); !slices.Equal(got, test.comments) {
			t.Errorf("%s: comments %q", name, got)
		}
		if got := spans(entries); !slices.Equal(got, test.entries) {
			t.Errorf("%s: entries %q", name, got)
		}
	}
}

func spans(of []source.Span) (found []string) {
	for _, s := range of {
		found = append(found, s.Text())
	}
	return found
}
