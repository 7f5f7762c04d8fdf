package grammar

import "strings"

// A hash holds names as nginx's own tables of names do.
type hash struct {
	// wildcards is set where "*.name", ".name" and "name.*" stand for many names.
	wildcards bool
	seen      map[string]bool
}

func newHash(wildcards bool) *hash { return &hash{wildcards, map[string]bool{}} }

// add notes a name; the message is what nginx says to one that is there already,
// or that is no name.
func (h *hash) add(key string) (message string) {
	lower := strings.ToLower(key)
	var kinds []string
	switch {
	case !h.wildcards:
		kinds = []string{lower}
	case strings.Count(key, "*") > 1, strings.Contains(key, ".."):
		return `invalid hostname or wildcard "` + key + `"`
	case len(key) > 1 && key[0] == '.':
		kinds = []string{lower[1:], "*" + lower}
	case len(key) > 2 && strings.HasPrefix(key, "*."):
		kinds = []string{lower}
	case len(key) > 2 && strings.HasSuffix(key, ".*"):
		kinds = []string{lower}
	case strings.Contains(key, "*"):
		return `invalid hostname or wildcard "` + key + `"`
	default:
		kinds = []string{lower}
	}
	for _, kind := range kinds {
		if h.seen[kind] {
			return `conflicting parameter "` + lower + `"`
		}
	}
	for _, kind := range kinds {
		h.seen[kind] = true
	}
	return ""
}

// Referers are the names of one block's valid_referers.
type Referers struct{ names *hash }

// NewReferers is an empty list.
func NewReferers() Referers { return Referers{newHash(true)} }

// Add notes an argument of valid_referers, or a name of the server; the message is
// what nginx says to one that it does not take.
func (r Referers) Add(arg string) (message string) {
	if arg == "" || arg == "none" || arg == "blocked" || arg == "server_names" || arg[0] == '~' {
		return ""
	}
	name, _, _ := strings.Cut(arg, "/")
	return r.names.add(name)
}
