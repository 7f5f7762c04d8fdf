package rules

import (
	"path"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// A scriptPlace is the folder (or file) that the SCRIPT_FILENAME of a location lies in.
type scriptPlace struct {
	path string
	// file is set where path is the script itself.
	file bool
	// from says where it is written.
	from diag.Label
}

// scriptsOf tells where the scripts of a target lie; ok is false where that is
// not written as one literal.
func scriptsOf(t *stack.Target) (place scriptPlace, ok bool) {
	params, _, known := t.Block.List("fastcgi_param")
	var param nginx.Ref
	for _, r := range params {
		if r.Arg(0) == "SCRIPT_FILENAME" {
			param = r // the last one wins
		}
	}
	if !known || param.IsZero() {
		return place, false
	}
	value := strings.NewReplacer("${document_root}", "$document_root", "${realpath_root}", "$realpath_root").Replace(param.Arg(1))
	for _, variable := range []string{"$document_root", "$realpath_root", "$request_filename"} {
		if strings.HasPrefix(value, variable) {
			root := t.Block.Value("root")
			if !root.Explicit() || t.Block.Value("alias").Origin != nginx.Absent {
				return place, false
			}
			place.path, place.from = path.Clean(root.Arg(0)), label(root.From.Head(), "SCRIPT_FILENAME begins with this path")
			return place, path.IsAbs(root.Arg(0))
		}
	}
	literal, variable, more := strings.Cut(value, "$")
	if more && !strings.HasPrefix(variable, "fastcgi_script_name") && !strings.HasPrefix(variable, "uri") && !strings.HasPrefix(variable, "document_uri") {
		return place, false
	}
	place = scriptPlace{path: path.Clean(literal), file: !more, from: label(param.Head(), "SCRIPT_FILENAME begins with this path")}
	return place, path.IsAbs(literal) && !nginx.Opaque(literal)
}

// example is the path of one script there.
func (p scriptPlace) example() string {
	if p.file {
		return p.path
	}
	return path.Join(p.path, "index.php")
}

// folder is the folder that the scripts lie in.
func (p scriptPlace) folder() string { return path.Dir(p.example()) }

// monitors reports whether a target's location is for the pool's status or ping
// page, which php-fpm answers without a script.
func monitors(t *stack.Target, pool *fpm.Pool) bool {
	head := strings.Join(t.Block.Args(), " ")
	for _, key := range []string{"pm.status_path", "ping.path"} {
		page := pool.Get(key)
		if !page.Known || page.Set && page.Text != "" && strings.Contains(head, strings.Trim(page.Text, "/")) {
			return true
		}
	}
	return false
}

// passedOn are labels for the passes of targets.
func passedOn(targets []*stack.Target, text string) []diag.Label {
	var labels []diag.Label
	for _, t := range targets[:min(len(targets), 3)] {
		labels = append(labels, diag.Label{Span: t.Pass.Head(), Text: text})
	}
	return labels
}
