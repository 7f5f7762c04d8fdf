package cli

import (
	"bytes"
	"errors"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
)

// changedSince gives the files, by absolute path, that differ from what git has of
// them in a revision, or that it does not know and does not ignore.
func (p *program) changedSince(revision string) (map[string]bool, error) {
	up, err := p.git("rev-parse", "--show-cdup")
	if err != nil {
		return nil, usagef("--changed-since: %v", err)
	}
	commit, err := p.git("rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
	if err != nil {
		hint := ""
		if shallow, err := p.git("rev-parse", "--is-shallow-repository"); err == nil && strings.TrimSpace(shallow) == "true" {
			hint = "; this clone is shallow, it may have to be fetched"
		}
		return nil, usagef("--changed-since %s: git knows no such revision%s", revision, hint)
	}
	// git goes up from where the folder really is, also from one that a link leads to.
	dir := filepath.ToSlash(p.Dir)
	if to, err := (source.OS{}).Real(dir); err == nil {
		dir = to
	}
	top := path.Join(dir, strings.TrimSpace(up))
	changed, err := p.git("diff", "--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-relative", strings.TrimSpace(commit), "--")
	if err != nil {
		return nil, usagef("--changed-since %s: %v", revision, err)
	}
	fresh, err := p.git("-C", top, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, usagef("--changed-since %s: %v", revision, err)
	}
	files := map[string]bool{}
	for name := range strings.SplitSeq(changed+fresh, "\x00") {
		if name == "" {
			continue
		}
		full := path.Join(top, name)
		files[full] = true
		if rel, err := filepath.Rel(dir, full); err == nil {
			files[p.absolute(rel)] = true
		}
	}
	return files, nil
}

// git runs git in the current folder and returns what it prints.
func (p *program) git(args ...string) (string, error) {
	command := exec.Command("git", args...)
	command.Dir = p.Dir
	var out, wrong bytes.Buffer
	command.Stdout, command.Stderr = &out, &wrong
	if err := command.Run(); err != nil {
		if said, _, _ := strings.Cut(wrong.String(), "\n"); said != "" {
			return "", errors.New("git: " + said)
		}
		return "", err
	}
	return out.String(), nil
}

// touches reports whether either side of a finding lies in one of the files, under
// its own name or that which a link leads to.
func (p *program) touches(files map[string]bool, f *diag.Finding) bool {
	changed := func(l diag.Label) bool {
		return !l.Span.IsZero() && p.changed(files, l.Span.File)
	}
	return changed(f.Subject) || slices.ContainsFunc(f.Related, changed)
}

func (p *program) changed(files map[string]bool, f *source.File) bool {
	return files[p.absolute(f.Path)] || f.Real != "" && files[p.absolute(f.Real)]
}
