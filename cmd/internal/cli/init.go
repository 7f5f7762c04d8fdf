package cli

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// baselineName is the baseline that `config init` speaks of.
const baselineName = ".nginx-lint-baseline.json"

// maxHints bounds how many guesses of one kind stand in a new settings file.
const maxHints = 5

// initConfig writes a settings file that fits the current folder: what is certain as
// settings, the rest as comments.
func (p *program) initConfig() error {
	fsys := source.OS{Dir: p.Dir}
	held, err := p.findSettings(fsys)
	switch {
	case err != nil:
		return err
	case held == settingsName:
		return usagef("%s is there already; `nginx-lint config` shows what is in force", settingsName)
	case held != "":
		held = ", which holds here in place of " + held
	}
	in := analyzer.Options{FS: fsys, Dir: filepath.ToSlash(p.Dir), Paths: []string{"."}, Known: p.ruleIDs()}
	for _, r := range p.rules {
		if r.Always || !r.Off {
			in.Rules = append(in.Rules, r)
		}
	}
	report, err := p.check(in)
	if _, ok := errors.AsType[*analyzer.UsageError](err); ok {
		report, err = &diag.Report{}, nil // nothing is there yet
	}
	if err != nil {
		return err
	}
	paths := searched(report.Files)
	if len(paths) > 0 {
		in.Paths = paths
		narrow, err := p.check(in)
		if err != nil {
			return err
		}
		// What lies beside the folders may say something about what is in them.
		if !slices.Equal(fingerprints(report), fingerprints(narrow)) || len(report.Files) != len(narrow.Files) ||
			report.Targets != narrow.Targets || report.UnresolvedTargets != narrow.UnresolvedTargets || len(report.Unresolved) != len(narrow.Unresolved) {
			paths = []string{"."}
		}
	}
	name := filepath.Join(p.Dir, settingsName)
	if err := os.WriteFile(name, []byte(newSettings(report, paths)), 0o644); err != nil { //nolint:gosec // it is committed, for others to read
		return err
	}
	_, err = fmt.Fprintf(p.Stdout, "wrote %s%s; `nginx-lint config` shows what is in force\n", settingsName, held)
	return err
}

func fingerprints(report *diag.Report) []string {
	all := make([]string, len(report.Findings))
	for i, f := range report.Findings {
		all[i] = f.Fingerprint
	}
	return all
}

// newSettings is the text of a settings file for what was read in some paths, and found.
func newSettings(report *diag.Report, paths []string) string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	hints := func(lines []string, example string) {
		if len(lines) == 0 {
			lines = []string{example}
		}
		for _, line := range lines[:min(len(lines), maxHints)] {
			say("#   - %s", line)
		}
	}
	say("# Settings of nginx-lint. `nginx-lint config` shows what is in force; docs/settings.md has all keys.")
	say("version: 1")
	say("")
	say("# What is checked when no path is given.")
	if len(paths) > 0 {
		say("paths: %s", flow(paths, quoted))
	} else {
		say("# paths: [etc]")
	}
	say(`# exclude: ["**/*.bak"]`)
	say("")
	say("# `all` also runs the rules that are off by default.")
	say("profile: %s", profileRecommended)
	say("")
	say("# What runs it: where the versions are not known, only what holds for all of them is reported.")
	say("# nginx: {version: 1.24.0, user: www-data}")
	say("# php: {version: \"8.2\"}")
	say("")
	say("# Where to read what the configuration names by absolute paths.")
	say("# path-map:")
	hints(unread(report), "{from: /etc/nginx, to: nginx}")
	say("")
	say("# What runs together on one host, where folders such as hosts/web1/etc do not tell it.")
	say("# scopes:")
	say("#   - {name: web1, root: hosts/web1, closed: true}")
	say("")
	say("# What listens and is in no file here, such as an application in a container.")
	say("# listeners:")
	hints(unserved(report), `{address: "127.0.0.1:3000", protocol: http}`)
	say("")
	say("# Levels: off, info, warning, error. Options: nginx-lint explain RULE.")
	say("# rules:")
	for _, line := range frequent(report) {
		say("#   %s", line)
	}
	say("# overrides:")
	say(`#   - {paths: ["legacy/**"], rules: {server-unreachable: {level: off}}}`)
	say("")
	if n := len(report.Findings); n > 0 {
		findings := "findings"
		if n == 1 {
			findings = "finding"
		}
		say("# To be told only of what is new: `nginx-lint --write-baseline %s` parks the %d %s of now.", baselineName, n, findings)
	} else {
		say("# The findings of this file, which --write-baseline makes, are not reported.")
	}
	say("# baseline: %s", baselineName)
	say("")
	say("# Exit 1 for findings of this severity or above: none, info, warning, error.")
	say("fail-on: warning")
	return b.String()
}

// searched are the folders below the current one that hold all files that were read.
func searched(files []*source.File) []string {
	var dirs []string
	for _, f := range files {
		if dir := path.Dir(f.Path); !source.IsAbs(dir) && dir != ".." && !strings.HasPrefix(dir, "../") && !strings.Contains(dir, ":") {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	top := dirs[0]
	for top != "." && slices.ContainsFunc(dirs, func(dir string) bool { return !source.Below(dir, top) }) {
		top = path.Dir(top)
	}
	if top != "." || slices.Contains(dirs, ".") {
		return []string{top}
	}
	for i, dir := range dirs {
		dirs[i], _, _ = strings.Cut(dir, "/")
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// unread are path maps for the folders of absolute includes that could not be read.
func unread(report *diag.Report) []string {
	var lines []string
	for _, u := range report.Unresolved {
		i := strings.IndexByte(u.What, '/')
		if u.Reason != diag.MissingInclude && u.Reason != diag.OutsideRoot || i < 1 || !strings.ContainsAny(u.What[i-1:i], " \"'=") {
			continue
		}
		dir := path.Dir(strings.Trim(u.What[i:], `"';`))
		for source.HasGlob(dir) {
			dir = path.Dir(dir)
		}
		to := likeliest(dir, report.Files)
		if line := fmt.Sprintf("{from: %s, to: %s}", quoted(dir), quoted(to)); to != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// likeliest is the folder of the files that were read which has the most in common
// with the end of an absolute one; empty where there is none.
func likeliest(dir string, files []*source.File) string {
	best, most := "", 0
	for _, f := range files {
		for here := path.Dir(f.Path); here != "." && here != "/" && !strings.HasPrefix(here, ".."); here = path.Dir(here) {
			same, a, b := 0, dir, here
			for a != "/" && b != "." && path.Base(a) == path.Base(b) {
				same, a, b = same+1, path.Dir(a), path.Dir(b)
			}
			if same == 0 && strings.HasPrefix(path.Base(dir), "sites") && strings.HasPrefix(path.Base(here), "sites") {
				same = 1 // sites, sites-enabled and sites-available stand for each other
			}
			if same > most {
				best, most = here, same
			}
		}
	}
	return best
}

// unserved are listeners for the targets that nothing here serves.
func unserved(report *diag.Report) []string {
	protocols := map[string]string{"fastcgi_pass": "fastcgi", "proxy_pass": "http", "uwsgi_pass": "uwsgi", "scgi_pass": "scgi", "grpc_pass": "grpc", "memcached_pass": "memcached"}
	var lines []string
	for _, f := range report.Findings {
		at := f.Subject.Span
		_, address, scheme := strings.Cut(at.Text(), "://")
		if !scheme {
			address = at.Text()
		}
		word := strings.Fields(at.File.LineText(at.Line()) + " ;")[0]
		if _, ok := stack.ParseAddress(address); f.Rule != "target-no-listener" || !ok || protocols[word] == "" {
			continue
		}
		if line := fmt.Sprintf("{address: %s, protocol: %s}", quoted(address), protocols[word]); !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// frequent are settings for the rules that found the most.
func frequent(report *diag.Report) []string {
	count := map[string]int{}
	for _, f := range report.Findings {
		count[f.Rule]++
	}
	ids := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) })
	if len(ids) == 0 {
		return []string{"timeout-fpm-kills-first: {level: info, factor: 3}"}
	}
	lines := make([]string, 0, maxHints)
	for _, id := range ids[:min(len(ids), maxHints)] {
		lines = append(lines, fmt.Sprintf("%s: {level: info} # found now: %d", id, count[id]))
	}
	return lines
}
