package rules

import (
	"fmt"
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
)

var fpmPoolRedefined = analyzer.Rule{
	ID:         "fpm-pool-redefined",
	Severities: []diag.Severity{diag.Error, diag.Info},
	YieldsTo:   []string{"fpm-listen-syntax"},
	OnPool:     poolRedefined,
	Doc: analyzer.Doc{
		Summary: "the same pool is written twice, and the later keys win",
		What: "The section of a pool stands twice in what one php-fpm reads: in two files, or twice in one. The name's case does not matter. php-fpm makes one pool of them, in the order of reading (an include takes files in the order of their paths). " +
			"An error where nginx connects to an address that a later `listen` has replaced, else for information.",
		Why: "Nothing tells that the sections were merged: `php-fpm -t` is content, and the keys of the first that the second does not set stay in force. A replaced `listen` is never listened on: requests to it end as 502, with `connect() failed (111: Connection refused)` or `(2: No such file or directory)` in error.log. " +
			"The best known case is the `zz-docker.conf` of the official images, whose `listen` comes after that of `www.conf`.",
		Gaps:   "Where nobody connects to the replaced address it may be what was wanted. Pool files without their main file are taken for one configuration only in folders named pool.d or php-fpm.d.",
		Remedy: "Give the second pool its own name, or set the key in the file that is read last.",
		Refs:   []string{"https://www.php.net/manual/en/install.fpm.configuration.php"},
		Since:  "0.1.0",
	},
}

func poolRedefined(p *analyzer.Pass, pool *fpm.Pool) {
	heads := distinct(pool.Heads)
	if !together(p.Scope, pool.Master) {
		heads = slices.DeleteFunc(heads, func(h source.Span) bool { return h.File != heads[0].File })
	}
	if len(heads) < 2 {
		return
	}
	f := diag.Finding{
		Severity: diag.Info,
		Summary:  "the same pool is written twice, and the later keys win",
		Subject:  label(heads[1], "goes on with the pool of %s", place(heads[0])),
		Related:  []diag.Label{label(heads[0], "first written here")},
		Remedy:   "if it is to be another pool, give it another name",
	}
	for _, h := range heads[2:min(len(heads), 4)] {
		f.Related = append(f.Related, label(h, "and again here"))
	}
	listens := pool.All("listen")
	if len(listens) == 0 || !listens[len(listens)-1].Known {
		p.Report(nginx.Ref{}, nil, f)
		return
	}
	wins := listens[len(listens)-1]
	var lost []string
	in := headsOf(pool)
	for _, v := range listens {
		if v.Text != wins.Text && in.of(v.Key) != in.of(wins.Key) {
			lost = append(lost, v.Text)
			f.Related = append(f.Related, label(v.Span, "never listened on"))
		}
	}
	if lost == nil {
		p.Report(nginx.Ref{}, nil, f)
		return
	}
	f.Related = append(f.Related, label(wins.Span, "in force"))
	missed := missedBy(p.Scope, lost)
	if len(missed) > 0 {
		f.Severity = diag.Error
		f.Subject.Text += fmt.Sprintf(": listen = %s replaces the address that nginx connects to", wins.Text)
		f.Related = append(f.Related, connectsHere(missed)...)
		f.Remedy = "give the second pool its own name, or set listen in the file that is read last"
	}
	p.Report(nginx.Ref{}, speakFor(pool, missed), f)
}

// distinct are the spans without those of a file that is included again.
func distinct(spans []source.Span) []source.Span {
	seen := map[source.Span]bool{}
	var once []source.Span
	for _, s := range spans {
		if !seen[s] {
			seen[s] = true
			once = append(once, s)
		}
	}
	return once
}
