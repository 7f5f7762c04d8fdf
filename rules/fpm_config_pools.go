package rules

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// A poolTest looks at one pool as php-fpm does when all is read.
type poolTest struct {
	*fpmTest
	pool *fpm.Pool
	// settled is set where a key that is absent is certainly not set elsewhere.
	settled bool
	// missing are the keys that the pool lacks, and what php-fpm says of each.
	missing, says []string
}

// A poolSetting is what php-fpm works with.
type poolSetting struct {
	fpm.Value
	key string
	// sure is false where the value is not known, or refused by itself.
	sure bool
}

// place is that of its value, or of its key where the value is empty.
func (s poolSetting) place() source.Span {
	if s.Span.Text() == "" {
		return s.Key
	}
	return s.Span
}

func (s poolSetting) number() int { return int(syntax.Atoi(s.Text)) }

func (s poolSetting) seconds() int64 {
	n, _ := fpm.ParseTime(s.Text)
	return n
}

// pool looks at a pool.
func (t *fpmTest) pool(pool *fpm.Pool) {
	p := &poolTest{fpmTest: t, pool: pool, settled: t.settled(pool)}
	p.mandatory()
	p.children()
	p.pages()
	p.accessLog()
	p.slowlog()
	p.priority()
	if chroot := p.get("chroot"); chroot.sure && !strings.HasPrefix(chroot.Text, "/") && strings.Index(chroot.Text, "$prefix") > 0 {
		p.refuse("ERROR: '$prefix' must be use at the beginning of the value", diag.Finding{
			Summary: "a pool that php-fpm refuses",
			Subject: label(chroot.place(), "$prefix counts only in front"),
			Remedy:  "write $prefix in front, or the whole path",
		})
	}
	p.lacks()
}

// settled reports whether all that sets keys of a pool was certainly read. Packages
// and images bring a pool www, of which a repository may hold only what differs.
func (t *fpmTest) settled(pool *fpm.Pool) bool {
	m := t.master
	if len(m.Missing) > 0 || t.opaque || nginx.Opaque(pool.Name) || t.facts.unreadable {
		return false
	}
	if m.Main == nil {
		return together(t.Scope, m) && pool.Name != packaged && pool.Get("listen").Set && pool.Get("pm").Set
	}
	return pool.Name != packaged || !t.facts.patterns || t.facts.www
}

// facts are what pools ask about all files and pools of their master.
type facts struct {
	// unreadable is set where a line is of which nobody knows what it sets.
	unreadable bool
	// patterns is set where a file includes others by a pattern.
	patterns bool
	// www is set where the file is there that packages have for their pool.
	www bool
	// users is set where a pool has a user.
	users bool
}

func factsOf(m *fpm.Master) facts {
	return facts{
		unreadable: slices.ContainsFunc(m.Files, unreadable),
		patterns:   slices.ContainsFunc(m.Files, hasPattern),
		www:        slices.ContainsFunc(m.Files, func(in *syntax.INI) bool { return strings.HasSuffix("/"+m.Place(in.File.Path), "/pool.d/www.conf") }),
		users: slices.ContainsFunc(m.Pools, func(pool *fpm.Pool) bool {
			user := pool.Get("user")
			return user.Set && user.Known && user.Text != ""
		}),
	}
}

// packaged is the pool that packages and images of PHP-FPM bring.
const packaged = "www"

// unreadable reports whether a file has a line of which nobody knows what it sets.
func unreadable(in *syntax.INI) bool {
	return slices.ContainsFunc(in.Errors, func(e syntax.Error) bool {
		return !strings.HasPrefix(strings.TrimLeft(e.At.File.LineText(e.At.Line()), " \t"), "#")
	})
}

// hasPattern reports whether a file includes others by a pattern.
func hasPattern(in *syntax.INI) bool {
	return slices.ContainsFunc(in.Lines, func(e syntax.Entry) bool {
		return e.Kind == syntax.Key && e.Name == "include" && source.HasGlob(e.Value)
	})
}

func (t *fpmTest) setting(s *fpm.Section, kind catalog.FPMSection, name string, settled bool) poolSetting {
	v := poolSetting{Value: s.Get(name), key: name}
	key, _ := catalog.FPMKeyNamed(name, kind)
	if v.Set {
		v.sure = v.Known && !nginx.Opaque(v.Text) && fpm.Refuses(key, v.Text) == ""
	} else {
		v.sure = settled && !t.meant[name]
	}
	return v
}

func (p *poolTest) get(name string) poolSetting {
	return p.setting(&p.pool.Section, catalog.FPMPool, name, p.settled)
}

// refusePool reports what php-fpm says of a pool, with %s for `[pool NAME]`.
func (p *poolTest) refusePool(says string, s poolSetting, why, remedy string, args ...any) {
	p.refuseBeside(says, s, why, remedy, nil, args...)
}

// refuseBeside is refusePool with the other settings involved.
func (p *poolTest) refuseBeside(says string, s poolSetting, why, remedy string, others []poolSetting, args ...any) {
	says = fmt.Sprintf(says, append([]any{"[pool " + p.pool.Name + "]"}, args...)...)
	if !s.Set {
		p.missing = append(p.missing, s.key)
		p.says = append(p.says, "php-fpm says: "+says)
		return
	}
	f := diag.Finding{
		Summary: "a pool that php-fpm refuses",
		Subject: label(s.place(), "%s", why),
		Remedy:  remedy,
	}
	cause := []any{s.Span}
	for _, other := range others {
		if other.Set {
			f.Related = append(f.Related, label(other.place(), "%s stands here", other.key))
			cause = append(cause, other.Span)
		}
	}
	p.refuse(says, f, cause...)
}

// lacks reports the keys that the pool lacks, all at its head.
func (p *poolTest) lacks() {
	if p.missing == nil || len(p.pool.Heads) == 0 { // a pool of an image's own
		return
	}
	f := diag.Finding{
		Severity: diag.Error,
		Summary:  "a pool without a key that php-fpm wants",
		Subject:  label(p.pool.Heads[0], "pool %s lacks %s", p.pool.Name, strings.Join(p.missing, ", ")),
		Notes:    p.says,
		Remedy:   "set it in the pool: pools have nothing from each other or from [global]",
	}
	if slices.Contains(p.missing, "user") {
		f.Notes = append(f.Notes, "php-fpm wants user of each pool where root starts it, without which user has no effect in the other pools")
	}
	p.Report(nginx.Ref{}, nil, f)
}

// mandatory looks for what no pool goes without.
func (p *poolTest) mandatory() {
	if v := p.get("listen"); v.sure && v.Text == "" {
		p.refusePool("ALERT: %s no listen address have been defined!", v, "no address to listen on", "write a path, a port, or address:port")
	}
	if v := p.get("pm"); v.sure && !v.Set {
		p.refusePool("ALERT: %s the process manager is missing (static, dynamic or ondemand)", v, "", "")
	}
	if v := p.get("user"); v.sure && !v.Set && p.facts.users {
		p.refusePool("ALERT: %s user has not been defined", v, "", "")
	}
}

// children looks at the numbers of the process manager.
func (p *poolTest) children() {
	most := p.get("pm.max_children")
	if most.sure && most.number() < 1 {
		p.refusePool("ALERT: %s pm.max_children must be a positive value", most, "not above 0", "set pm.max_children to the number of children that the memory holds")
		most.sure = false
	}
	manager := p.get("pm")
	if !manager.Set || !manager.sure {
		return
	}
	switch strings.ToLower(manager.Text) {
	case "dynamic":
		p.dynamic(manager, most)
	case "ondemand":
		p.ondemand(manager)
	}
}

func (p *poolTest) dynamic(manager, most poolSetting) {
	least, spare, start := p.get("pm.min_spare_servers"), p.get("pm.max_spare_servers"), p.get("pm.start_servers")
	for _, v := range []*poolSetting{&least, &spare} {
		if !v.sure || v.number() > 0 {
			continue
		}
		p.refuseBeside("ALERT: %s %s(%d) must be a positive value", *v, "not above 0, which pm = dynamic needs", "set "+v.key+" to 1 or more", []poolSetting{manager}, v.key, v.number())
		v.sure = false
	}
	if least.sure && spare.sure {
		switch {
		case most.sure && max(least.number(), spare.number()) > most.number():
			at, other := spare, least
			if spare.number() <= most.number() {
				at, other = least, spare
			}
			p.refuseBeside("ALERT: %s pm.min_spare_servers(%d) and pm.max_spare_servers(%d) cannot be greater than pm.max_children(%d)", at,
				"more than pm.max_children, "+most.Text, "write at most pm.max_children, or raise that", []poolSetting{most, other}, least.number(), spare.number(), most.number())
		case spare.number() < least.number():
			p.refuseBeside("ALERT: %s pm.max_spare_servers(%d) must not be less than pm.min_spare_servers(%d)", spare,
				"less than pm.min_spare_servers, "+least.Text, "write at least pm.min_spare_servers", []poolSetting{least}, spare.number(), least.number())
		case start.Set && start.sure && start.number() > 0 && (start.number() < least.number() || start.number() > spare.number()):
			p.refuseBeside("ALERT: %s pm.start_servers(%d) must not be less than pm.min_spare_servers(%d) and not greater than pm.max_spare_servers(%d)", start,
				fmt.Sprintf("not from pm.min_spare_servers to pm.max_spare_servers, %d to %d", least.number(), spare.number()),
				"write a number between the two, or remove the line: php-fpm then takes their middle", []poolSetting{least, spare}, start.number(), least.number(), spare.number())
		}
	}
	if rate := p.get("pm.max_spawn_rate"); rate.Set && rate.sure && rate.number() < 1 {
		p.refuseBeside("ALERT: %s pm.max_spawn_rate must be a positive value", rate, "not above 0", "write 1 or more, or remove the line", []poolSetting{manager})
	}
}

func (p *poolTest) ondemand(manager poolSetting) {
	if idle := p.get("pm.process_idle_timeout"); idle.Set && idle.sure && idle.seconds() < 1 {
		p.refuseBeside("ALERT: %s pm.process_idle_timeout(%ds) must be greater than 0s", idle, "not above 0, which pm = ondemand needs", "write 1s or more, or remove the line", []poolSetting{manager}, idle.seconds())
	}
	events := p.setting(p.master.Global, catalog.FPMGlobal, "events.mechanism", false)
	if events.Set && events.sure && slices.Contains(eventMechanisms(), strings.ToLower(events.Text)) && !strings.EqualFold(events.Text, "epoll") && !strings.EqualFold(events.Text, "kqueue") {
		p.refuseBeside("ALERT: %s ondemand process manager can ONLY be used when events.mechanism is either epoll (Linux) or kqueue (*BSD).", manager,
			"ondemand does not work with events.mechanism = "+events.Text, "remove events.mechanism, or write another pm", []poolSetting{events})
	}
}

// pages looks at the paths of the status and the ping page.
func (p *poolTest) pages() {
	listen := p.get("pm.status_listen")
	p.page("status", p.get("pm.status_path"), !listen.Set)
	ping := p.get("ping.path")
	p.page("ping", ping, true)
	if response := p.get("ping.response"); response.Set && response.sure && response.Text == "" && ping.Set && ping.sure && ping.Text != "" {
		p.refuseBeside("ERROR: %s the ping response page '' is not long enough", response, "empty beside ping.path", "write a word, or remove the line: the answer is then pong", []poolSetting{ping})
	}
	if listen.Set && listen.sure && listen.Text == "" {
		p.refuse("ALERT: [pool "+p.pool.Name+"_status] no listen address have been defined!", diag.Finding{
			Summary: "a pool that php-fpm refuses",
			Subject: label(listen.place(), "an empty address"),
			Remedy:  "write an address, or remove the line",
		})
	}
}

func (p *poolTest) page(what string, s poolSetting, long bool) {
	if !s.Set || !s.sure || s.Text == "" {
		return
	}
	switch strange := strings.TrimFunc(s.Text, inPagePath); {
	case s.Text[0] != '/':
		p.refusePool("ERROR: %s the %s path '%s' must start with a '/'", s, "does not begin with /", "write the path as it stands in the URL: /"+what, what, s.Text)
	case long && len(s.Text) < 2:
		p.refusePool("ERROR: %s the %s path '%s' is not long enough", s, "nothing stands behind the /", "write a name behind it: /"+what, what, s.Text)
	case strange != "":
		p.refusePool("ERROR: %s the %s path '%s' must contain only the following characters '[alphanum]/_-.~'", s,
			"only letters, digits and / _ - . ~ may stand in it", "write the path with these characters only", what, s.Text)
	}
}

func inPagePath(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("/_-.~", r)
}

// accessLog looks at the format of the access log, which counts only beside a log.
func (p *poolTest) accessLog() {
	log, format := p.get("access.log"), p.get("access.format")
	switch {
	case !log.Set || !log.sure:
	case log.Text == "":
		p.refuse("ERROR: failed to open access log (): No such file or directory (2)", diag.Finding{
			Summary: "a pool that php-fpm refuses",
			Subject: label(log.place(), "an empty file name"),
			Remedy:  "write a file name, or remove the line",
		})
	case format.Set && format.sure:
		if why := fpm.RefusesLogFormat(format.Text); why != "" {
			p.refuseBeside("ERROR: %s wrong format for access.format '%s'", format, why, "correct the token; a percent sign itself is written %%", []poolSetting{log}, format.Text)
		}
	}
}

// slowlog looks at when slow requests are logged, and where.
func (p *poolTest) slowlog() {
	file, timeout, kill, depth := p.get("slowlog"), p.get("request_slowlog_timeout"), p.get("request_terminate_timeout"), p.get("request_slowlog_trace_depth")
	slow := timeout.Set && timeout.sure && timeout.seconds() != 0
	deep := depth.Set && depth.sure && depth.number() != 0
	const add = "set slowlog = /PATH"
	switch nowhere := file.sure && file.Text == ""; {
	case nowhere && slow:
		p.refuseBeside("ERROR: %s 'slowlog' must be specified for use with 'request_slowlog_timeout'", timeout, "no slowlog is set to write to", add+", or remove the line", []poolSetting{file})
	case slow && kill.Set && kill.sure && kill.seconds() != 0 && timeout.seconds() > kill.seconds():
		p.refuseBeside("ERROR: %s 'request_slowlog_timeout' (%d) can't be greater than 'request_terminate_timeout' (%d)", timeout,
			"longer than request_terminate_timeout, "+kill.Text, "write less than request_terminate_timeout", []poolSetting{kill}, timeout.seconds(), kill.seconds())
	case nowhere && deep:
		p.refuseBeside("ERROR: %s 'slowlog' must be specified for use with 'request_slowlog_trace_depth'", depth, "no slowlog is set to write to", add+", or remove the line", []poolSetting{file})
	case deep && file.Set && file.sure && depth.number() < 0:
		p.refusePool("ERROR: %s 'request_slowlog_trace_depth' (%d) must be a positive value", depth, "below 0", "write 1 or more, or remove the line", depth.number())
	}
}

func (p *poolTest) priority() {
	if v := p.get("process.priority"); v.Set && v.sure && !inPriorities(v.number()) {
		p.refusePool("ERROR: %s process.priority must be included into [-19,20]", v, "not from -19 to 20", "write a number from -19 to 20, or remove the line")
	}
}

// inPriorities reports whether php-fpm takes a priority; 64 is its word for none.
func inPriorities(n int) bool { return n >= -19 && n <= 20 || n == 64 }

func eventMechanisms() []string {
	key, _ := catalog.FPMKeyNamed("events.mechanism", catalog.FPMGlobal)
	return key.Words
}

// global looks at [global] as php-fpm does when all is read.
func (t *fpmTest) global() {
	check := func(name string, refused func(poolSetting) bool, says, why, remedy string) {
		v := t.setting(t.master.Global, catalog.FPMGlobal, name, false)
		if !v.Set || !v.sure || !refused(v) {
			return
		}
		t.refuse("ERROR: "+strings.ReplaceAll(says, "%s", v.Text), diag.Finding{
			Summary: "a value that php-fpm refuses",
			Subject: label(v.place(), "%s", why),
			Remedy:  remedy,
		})
	}
	check("log_limit", func(v poolSetting) bool { return v.number() < 512 }, "log_limit must be greater than 512", "less than 512", "write 512 or more")
	check("process.max", func(v poolSetting) bool { return v.number() < 0 }, "process_max can't be negative", "below 0", "write 0 for no limit, or the number of children of all pools")
	check("process.priority", func(v poolSetting) bool { return !inPriorities(v.number()) }, "process.priority must be included into [-19,20]", "not from -19 to 20", "write a number from -19 to 20")
	words := eventMechanisms()
	check("events.mechanism", func(v poolSetting) bool { return !slices.Contains(words, strings.ToLower(v.Text)) },
		"event mechanism '%s' is not available on this system", "none of "+strings.Join(words, ", "), "remove the line: php-fpm takes the best of the system")
	check("error_log", func(v poolSetting) bool { return v.Text == "" }, "failed to open error_log", "an empty file name", "write a file name, or remove the line")
	if m := t.master; m.Complete() && len(m.Pools) == 0 && !t.facts.patterns && !t.facts.unreadable && !t.opaque {
		t.refuse("ERROR: No pool defined. at least one pool section must be specified in config file", diag.Finding{
			Summary: "a main file without a pool",
			Subject: label(firstLine(m.Main), "neither this file nor one that it includes has a pool"),
			Remedy:  "add a pool, or include the files that have them",
		})
	}
}

func firstLine(in *syntax.INI) source.Span {
	if len(in.Lines) > 0 {
		return in.Lines[0].Span()
	}
	return source.Span{File: in.File}
}

// statusAddresses looks for a pm.status_listen that stands for another address
// of the master too. php-fpm makes a pool of each, behind all others.
func (t *fpmTest) statusAddresses() {
	type address struct{ text, prefix string }
	type owner struct {
		name string
		at   fpm.Value
	}
	taken := map[address]owner{}
	asked := slices.ContainsFunc(t.master.Pools, func(pool *fpm.Pool) bool { return pool.Get("pm.status_listen").Set })
	if !asked || !together(t.Scope, t.master) {
		return
	}
	for _, key := range []string{"listen", "pm.status_listen"} {
		for _, pool := range t.master.Pools {
			v := pool.Get(key)
			if !v.Set || !v.Known || v.Text == "" || nginx.Opaque(v.Text) {
				continue
			}
			at, own := address{text: v.Text}, owner{pool.Name, v}
			if l, ok := fpm.ParseListen(v.Text); ok && l.Kind == fpm.Unix && l.Relative {
				at.prefix = path.Clean(pool.Get("prefix").Text)
			}
			if key == "pm.status_listen" {
				own.name += "_status"
				if other, used := taken[at]; used {
					t.refuse(fmt.Sprintf("ERROR: [pool %s] unable to set listen address as it's already used in another pool '%s'", own.name, other.name), diag.Finding{
						Summary: "two pools of one php-fpm want the same address",
						Subject: label(v.Span, "taken: php-fpm makes a pool %s that listens here", own.name),
						Related: []diag.Label{label(other.at.Span, "pool %s listens here", other.name)},
						Remedy:  "write another address, or remove the line: the page is then served by the pool itself",
					}, pool)
				}
			}
			if _, used := taken[at]; !used {
				taken[at] = own
			}
		}
	}
}
