package keyfile

import (
	"slices"
	"strings"
	"testing"

	"gopkg.in/ini.v1"

	"nginx-lint/analyzer/source"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name    string
		dialect Dialect
		text    string
		want    []string // section.key=value|span
	}{
		{"plain", Systemd, "[Unit]\nA=1\n[Service]\nB = x y \r\n", []string{"Unit.A=1|1", "Service.B=x y|x y"}},
		{"systemd continues", Systemd, "[Service]\nExecStart=/bin/a \\\n# why\n  b \\\n; so\n c\nUser=u\n", []string{"Service.ExecStart=/bin/a b c|/bin/a \\\n# why\n  b \\\n; so\n c", "Service.User=u|u"}},
		{"systemd has no comment beside a value", Systemd, "[Service]\nA=1 # b\n", []string{"Service.A=1 # b|1 # b"}},
		{"supervisord continues", Supervisord, "[program:a]\ncommand=x\n   -b y\nuser=z ; who\nnumprocs=1\n", []string{"program:a.command=x -b y|x\n   -b y", "program:a.user=z|z", "program:a.numprocs=1|1"}},
		{"supervisord keeps what is no comment", Supervisord, "[program:a]\ncommand=sh -c \"a;b\"\n", []string{`program:a.command=sh -c "a;b"|sh -c "a;b"`}},
		{"uwsgi", UWSGI, "; c\n[uwsgi]\n# c\nsocket = u.sock ; no comment\nmaster\n", []string{"uwsgi.socket=u.sock ; no comment|u.sock ; no comment", "uwsgi.master=|"}},
		{"no last newline", UWSGI, "[uwsgi]\nhttp=:80", []string{"uwsgi.http=:80|:80"}},
		{"empty value", Systemd, "[Service]\nExecStart=\n", []string{"Service.ExecStart=|"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, l := range Parse(source.NewFile("f", test.text), test.dialect) {
				got = append(got, l.Section+"."+l.Key+"="+l.Value+"|"+l.Span.Text())
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// What the dialects have in common is read as ini.v1 reads it.
func TestLikeINI(t *testing.T) {
	text := "[a]\nx = 1\ny=two words\n; c\n# c\n[b b]\nz=  /p/q:80  \nempty =\n"
	file, err := ini.LoadSources(ini.LoadOptions{IgnoreInlineComment: true}, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []Dialect{Systemd, Supervisord, UWSGI} {
		n := 0
		for _, l := range Parse(source.NewFile("f", text), d) {
			n++
			if want := file.Section(l.Section).Key(l.Key).String(); want != l.Value {
				t.Errorf("%s.%s: %q, ini.v1 has %q", l.Section, l.Key, l.Value, want)
			}
		}
		if n != 4 {
			t.Errorf("%d lines", n)
		}
	}
}

func TestWords(t *testing.T) {
	tests := []struct {
		dialect Dialect
		text    string
		want    string // words; those not known with a ? after them
		ok      bool
	}{
		{Systemd, "/bin/a -b c", "/bin/a -b c", true},
		{Systemd, `/bin/a "b c" 'd' e"f"`, "/bin/a|b c|d|ef", true},
		{Systemd, "/bin/a \\\n   b \\\n# c d\n   e", "/bin/a b e", true},
		{Systemd, "/bin/a ${X} %i a\\x20b $$", "/bin/a ${X}? %i? a\\x20b? $$?", true},
		{Supervisord, "a $X %(ENV_Y)s", "a $X %(ENV_Y)s?", true},
		{Systemd, `/bin/a "b`, "", false},
	}
	for _, test := range tests {
		words, ok := Words(source.Span{File: source.NewFile("f", test.text), End: len(test.text)}, test.dialect)
		var got []string
		for _, w := range words {
			text := w.Text
			if !w.Known {
				text += "?"
			}
			got = append(got, text)
		}
		sep := " "
		if strings.Contains(test.want, "|") {
			sep = "|"
		}
		if ok != test.ok || ok && strings.Join(got, sep) != test.want {
			t.Errorf("%q: got %q, %v", test.text, got, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("[a]\nb=c \\\n d\n", uint8(0))
	f.Add("[a]\nb='c\n e\" ; d", uint8(1))
	f.Fuzz(func(t *testing.T, text string, d uint8) {
		file, dialect := source.NewFile("f", text), Dialect(d%3)
		comments, entries := Outline(file, dialect)
		for _, at := range append(comments, entries...) {
			if at.Start > at.End || at.End > len(text) {
				t.Fatalf("comment or entry %d-%d", at.Start, at.End)
			}
		}
		for _, l := range Parse(file, dialect) {
			at := l.Span
			if at.Start > at.End || at.End > len(text) {
				t.Fatalf("span %d-%d", at.Start, at.End)
			}
			words, _ := Words(at, dialect)
			for _, w := range words {
				if w.Span.Start < at.Start || w.Span.End > at.End || w.Span.Start >= w.Span.End {
					t.Fatalf("word %d-%d in %d-%d", w.Span.Start, w.Span.End, at.Start, at.End)
				}
			}
		}
	})
}
