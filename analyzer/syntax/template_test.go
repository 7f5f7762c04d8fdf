package syntax_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// outline writes the directives of a tree with the offsets' text, those that a
// program makes something else of in brackets.
func outline(t *syntax.Tree, d syntax.ID, depth int, b *strings.Builder) {
	for c := range t.Children(d) {
		line := t.HeadSpan(c).Text()
		if t.Conditional(t.HeadSpan(c)) {
			line = "[" + line + "]"
		}
		if at, ok := t.DecidedIn(c); ok {
			line += " <- " + at.Text()
		}
		fmt.Fprintf(b, "%s%s\n", strings.Repeat(" ", depth), line)
		outline(t, c, depth+1, b)
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"Jinja": {
			"server {\n listen {{ port }};\n {# a note; #}\n {% if ssl -%}\n listen 443 ssl;\n {% else %}\n listen 80;\n {%- endif %}\n root /srv/{{ name | default(\"a b;\") }}/www;\n}\n",
			"server <- {% if ssl -%}\n [listen {{ port }}]\n [listen 443 ssl]\n [listen 80]\n [root /srv/{{ name | default(\"a b;\") }}/www]\n",
		},
		"loop": {
			"upstream a {\n{% for s in servers %}\n server {{ s }}:9000;\n{% endfor %}\n server b:1;\n}\nserver { listen 1; }\n",
			"upstream a <- {% for s in servers %}\n [server {{ s }}:9000]\n server b:1\nserver\n listen 1\n",
		},
		"ERB": {
			"server {\n listen <%= @port %>;\n <% @names.each do |n| -%>\n server_name <%= n %>;\n <% end %>\n <%# note %>\n root /a;\n}\n",
			"server <- <% @names.each do |n| -%>\n [listen <%= @port %>]\n [server_name <%= n %>]\n root /a\n",
		},
		"Go": {
			"server {\n listen {{ .Port }};\n {{- if .TLS }}\n ssl_protocols {{ range .P }}{{ . }} {{ end }};\n {{- end }}\n {{/* note */}}\n root /a;\n {{ template \"x\" . }}\n}\n",
			"server <- {{- if .TLS }}\n [listen {{ .Port }}]\n [ssl_protocols {{ range .P }}{{ . }}]\n root /a\n",
		},
		"a value for whole directives":  {"server {\n root /a;\n {{ extra }}\n listen 1;\n}\n", "server <- {{ extra }}\n root /a\n listen 1\n"},
		"statements that do not add up": {"server {\n root /a;\n {% endif %}\n listen 1;\n}\n", "[server] <- {% endif %}\n [root /a]\n [listen 1]\n"},
		"in quotes":                     {"server { listen \"{{ port }}\"; }\n", "[server]\n [listen \"{{ port }}\"]\n"},
		"at the top":                    {"{% if a %}\nserver { listen 1; }\n{% endif %}\n", "[server]\n [listen 1]\n"},
	} {
		tree := syntax.ParseTemplate(source.NewFile("a.j2", c.text))
		if tree == nil {
			t.Errorf("%s: not read", name)
			continue
		}
		var b strings.Builder
		outline(tree, syntax.Root, 0, &b)
		if b.String() != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, b.String(), c.want)
		}
	}
	for _, text := range []string{
		"server { listen 1; }\n", // no template
		"server {\n {% for a in b %}\n location {{ a }} {\n {% endfor %}\n}\n", // blocks that open in a loop
		"server { listen {{ port; }\n",                                         // a tag without an end
		strings.Repeat("{{ a }} ", 30_000) + ";",
	} {
		if tree := syntax.ParseTemplate(source.NewFile("a.j2", text)); tree != nil {
			t.Errorf("%.40q is read", text)
		}
	}
}

// What is made to be expensive is read, or not, in part of a second.
func TestTemplateBounds(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		strings.Repeat("{% if a %}\n", 19_000), strings.Repeat("{% if a %}{% endif %}", 9_000), strings.Repeat("{{", 1<<20),
		strings.Repeat("a {\n{% if a %}\n", 90) + strings.Repeat("{% endif %}\nb;\n", 9_000) + strings.Repeat("}\n", 90),
		strings.Repeat("<%", 1<<20), "{{" + strings.Repeat("-", 1<<20) + "}}",
	} {
		start := time.Now()
		syntax.ParseTemplate(source.NewFile("a.j2", text))
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.20q took %v", text, took)
		}
	}
}

// FuzzTemplate checks that every word of a template is a part of its text.
func FuzzTemplate(f *testing.F) {
	f.Add("server {\n listen {{ port }};\n {% if a %}\n root <%= b %>;\n {% endif %}\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		tree := syntax.ParseTemplate(source.NewFile("a.j2", text))
		if tree == nil {
			return
		}
		var b strings.Builder
		outline(tree, syntax.Root, 0, &b)
		if tree.File.Text != text || slices.ContainsFunc(tree.Comments(), func(at source.Span) bool { return at.End > len(text) }) {
			t.Error("another text")
		}
	})
}
