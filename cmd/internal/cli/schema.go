package cli

import (
	"bytes"
	"encoding/json"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/stack"
)

// A node is a part of a JSON Schema.
type node map[string]any

// schema is the JSON Schema of the settings, of draft 7, which editors read.
func (p *program) schema() string {
	top := mapSchema("the settings of nginx-lint", node{
		"version":  node{"description": "of these settings", "enum": []any{1, "1"}},
		"paths":    listSchema("what is checked when no path is given", textSchema("a file or folder, relative to this file")),
		"exclude":  listSchema("patterns of paths to leave out", textSchema("`*`, `?`, `[…]` within a name, `**` for any folders; one without a slash is a name in any folder")),
		"profile":  wordSchema("which rules run", profileRecommended, profileAll),
		"nginx":    nginxSchema(),
		"php":      mapSchema("about PHP", node{"version": release("the PHP of the PHP-FPM files whose path does not tell it, such as 8.2")}),
		"path-map": listSchema("where to read what the configuration names", required(mapSchema("", node{"from": textSchema("an absolute path of the configuration"), "to": textSchema("where it lies")}), "from", "to")),
		"scopes": listSchema("what runs together on one host", required(mapSchema("", node{
			"name": textSchema("for messages, and for listeners"), "root": textSchema("the folder that stands for the host's /"),
			"nginx": oneOrMore("main files of nginx, or folders with such, below the root"), "php-fpm": oneOrMore("main files of PHP-FPM, or folders with such, below the root"),
			"closed": node{"type": "boolean", "description": "nothing else listens on that host"},
		}), "name")),
		"listeners": listSchema("what listens and is in no file here", required(mapSchema("", node{
			"scope": textSchema("the name of a scope; without it, every host"), "address": release("such as 127.0.0.1:3000, [::1]:3000, unix:/run/app.sock"),
			"protocol": wordSchema("what it speaks", stack.Protocols()...), "note": textSchema("for whoever reads the file"),
		}), "address", "protocol")),
		"rules": p.ruleSchema("levels and options of rules", true),
		"overrides": listSchema("other levels for some paths", required(mapSchema("", node{
			"paths": listSchema("patterns as those of exclude; a folder's stands for all in it", textSchema("")), "rules": p.ruleSchema("levels of rules there", false),
		}), "paths", "rules")),
		"baseline": textSchema("the findings of this file are not reported; --write-baseline makes it"),
		"fail-on":  wordSchema("exit 1 for findings of this severity or above", failLevels...),
	})
	top["$schema"], top["title"] = "http://json-schema.org/draft-07/schema#", settingsName
	required(top, "version")
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(top); err != nil {
		panic(err) // maps of texts and numbers
	}
	return b.String()
}

func nginxSchema() node {
	return mapSchema("about nginx", node{
		"version": release("the nginx that will run the configuration, such as 1.24.0"),
		"user":    textSchema("its user, where no `user` directive says so"),
		"prefix":  textSchema("its configuration prefix, where that is not the main file's folder"),
		"modules": listSchema("modules of others that nginx is built with", textSchema("")),
		"directives": listSchema("directives of modules that nginx-lint does not know", required(mapSchema("", node{
			"name":     textSchema(""),
			"contexts": listSchema("the blocks in which it may stand; without it, all", wordSchema("", catalog.ContextNames()...)),
			"args":     release("how many arguments it takes: 1, 1-3 or 2+"),
		}), "name")),
	})
}

// ruleSchema is that of a mapping of rules to levels and, where wanted, options.
func (p *program) ruleSchema(about string, options bool) node {
	rules := node{}
	for _, r := range p.rules {
		keys := node{"level": wordSchema("", levelsOf(r)...)}
		for _, o := range r.Options {
			if options {
				keys[o.Name] = node{"type": "number", "minimum": o.Min, "default": o.Default, "description": o.Doc}
			}
		}
		rules[r.ID] = mapSchema(r.Doc.Summary, keys)
	}
	return mapSchema(about, rules)
}

// levelsOf are the levels that a rule may be set to.
func levelsOf(r *analyzer.Rule) []string {
	if r.Always {
		return levels[1:]
	}
	return levels
}

func annotated(n node, about string) node {
	if about != "" {
		n["description"] = about
	}
	return n
}

func mapSchema(about string, keys node) node {
	return annotated(node{"type": []string{"object", "null"}, "additionalProperties": false, "properties": keys}, about)
}

func required(n node, keys ...string) node {
	n["required"] = keys
	return n
}

func listSchema(about string, items node) node {
	return annotated(node{"type": []string{"array", "null"}, "items": items}, about)
}

func textSchema(about string) node {
	return annotated(node{"type": []string{"string", "null"}, "minLength": 1}, about)
}

// release is a text that YAML may take for a number.
func release(about string) node {
	return annotated(node{"type": []string{"string", "number", "null"}}, about)
}

func wordSchema(about string, all ...string) node { return annotated(node{"enum": all}, about) }

func oneOrMore(about string) node {
	return annotated(node{"anyOf": []node{textSchema(""), listSchema("", textSchema(""))}}, about+": one, or a list")
}
