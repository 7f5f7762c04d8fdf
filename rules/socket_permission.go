package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

var socketPermission = analyzer.Rule{
	ID:         "socket-permission",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	OnHop:      permission,
	OnGateway:  gatewayPermission,
	Doc: analyzer.Doc{
		Summary: "the pool's socket is not nginx's to open",
		What: "A `fastcgi_pass unix:` leads to a pool whose socket nginx's workers may not write to, as `listen.owner`, `listen.group` and `listen.mode` (0660 when absent) make it. To connect, the *write* bit is needed: the owner's if nginx's user owns the socket, else the group's if it is the group, else the others'. " +
			"Without `listen.owner` and `listen.group` the socket is root's: the pool's own `user` does not matter.\n\n" +
			"So too for the sockets that systemd opens (`SocketMode`, `SocketUser`, `SocketGroup`) and those of uWSGI with `chmod-socket` (`chown-socket`, `uid`, `gid`, the unit's `User` and `Group`). And for the folders that systemd makes for a program (`RuntimeDirectory`, `RuntimeDirectoryMode`), which nginx has to enter, and for an Apache that passes requests to a pool itself, as its `User` and `Group`.\n\n" +
			"An error where both are absent or the mode refuses every membership; a warning where an owner or group that is not nginx's is written, since nginx's user may be a member of that group, " +
			"where nginx asks another server of the upstream instead, and where `error_page 502` gives another answer.",
		Why:       "Requests fail with 502, and error.log has `connect() to unix:PATH failed (13: Permission denied) while connecting to upstream`. In an upstream with other servers nginx asks the next one, and this one again after `fail_timeout`. Apache answers 503 and logs `(13)Permission denied: AH02454: FCGI: attempt to connect to Unix domain socket PATH failed`. The servers' own tests accept it.",
		Gaps:      "Silent where nginx's user is not known (no `user` directive: it is the build's), where it is root, where the pool has an ACL (`listen.acl_users`, `listen.acl_groups`), for owners given as numbers, where the pool has no `user` (its master then does not run as root), and where the mode is left to the umask of a program. Other folders above the socket are not seen.",
		Remedy:    "Set `listen.owner` and `listen.group` of the pool, or what makes the other socket, to nginx's user and group.",
		FixSafety: "Safe where owner and group are both absent: the socket is root's and no worker can open it; unsafe where another server, or what `error_page` names, answers instead. Otherwise somebody chose them, and the choice is yours.",
		Refs:      []string{"https://www.php.net/manual/en/install.fpm.configuration.php#listen-owner", "https://nginx.org/en/docs/ngx_core_module.html#user"},
		Since:     "0.1.0",
	},
}

// access is how the socket of a pool may be opened.
type access struct {
	listen, owner, group, mode fpm.Value
	bits                       int
}

// A refusal is a socket that nginx's workers may not open.
type refusal struct {
	access
	user, group string
	from        nginx.Ref // where nginx's user is written
	subject     fpm.Value
	severity    diag.Severity
	apart       bool // in another container: the users have other numbers there
}

// refusalOf reports whether the socket of a hop refuses nginx.
func refusalOf(h *stack.Hop) (r refusal, refused bool) {
	pool := h.Pool()
	if h.Target.Protocol != stack.FastCGI || pool == nil || h.Peer.Down || h.Peer.Endpoint.Net != stack.Unix {
		return r, false
	}
	var known, plain, sure bool
	r.user, r.group, r.from, known = h.Scope.User(h.Target.Config)
	r.access, plain = socketAccess(pool)
	r.apart, sure = h.Apart()
	if !sure || !known || r.user == "root" || !plain {
		return r, false
	}
	r.subject, r.severity = r.verdict(r.user, r.group)
	return r, r.severity != 0
}

func permission(p *analyzer.Pass, h *stack.Hop) {
	backendPermission(p, h)
	r, refused := refusalOf(h)
	if !refused {
		return
	}
	pool, a, user, group := h.Pool(), r.access, r.user, r.group
	failure := noConnection("connect() to " + h.Peer.Endpoint.String() + " failed (13: Permission denied) while connecting to upstream")
	severity, notes := failure.of(h)
	f := diag.Finding{
		Severity: min(severity, r.severity),
		Summary:  "nginx may not open the pool's socket",
		Subject:  diag.Label{Span: r.subject.Span, Text: a.describe() + fmt.Sprintf("; nginx's workers are %s:%s", user, group)},
		Related:  []diag.Label{label(h.Peer.Span, "connects to it")},
		Notes:    notes,
		Remedy:   fmt.Sprintf("set listen.owner = %s and listen.group = %s in pool %s", user, group, pool.Name),
	}
	owner, socketGroup := a.names()
	if r.subject.Span == a.mode.Span {
		f.Notes = append(f.Notes, "to connect, the write bit is needed: the owner's for nginx's user, else the group's for its group, else the others'")
		if owner == user || socketGroup == group {
			f.Remedy = "set listen.mode = 0660 in pool " + pool.Name
		}
	}
	if r.subject.Span != a.listen.Span {
		f.Related = append(f.Related, label(a.listen.Span, "the socket"))
	}
	if !r.from.IsZero() {
		f.Related = append(f.Related, label(r.from.Head(), "nginx's user"))
	}
	if r.severity == diag.Warning {
		f.Notes = append(f.Notes, fmt.Sprintf("it works where %s is a member of the group %s, which only the host tells", user, socketGroup))
	}
	switch {
	case r.apart:
		f.Remedy = "set listen.mode = 0666 in pool " + pool.Name + ", in whose container " + user + " is another user or none"
		f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	case !a.owner.Set && !a.group.Set:
		fix := diag.Fix{
			Title: f.Remedy, Safety: diag.Safe,
			Edits: []diag.Edit{syntax.InsertAfterLine(a.listen.Span, "listen.owner = "+user, "listen.group = "+group)},
		}
		f.Fixes = []diag.Fix{failure.graded(h, fix)}
	default:
		f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	}
	p.Report(h.Target.Pass, pool, f)
}

// socketAccess reads a pool's access settings. plain is false where they do not
// decide alone or are not known.
func socketAccess(pool *fpm.Pool) (a access, plain bool) {
	for _, acl := range []string{"listen.acl_users", "listen.acl_groups"} {
		if v := pool.Get(acl); !v.Known || v.Set && v.Text != "" {
			return a, false
		}
	}
	a = access{listen: pool.Get("listen"), owner: pool.Get("listen.owner"), group: pool.Get("listen.group"), mode: pool.Get("listen.mode")}
	for _, v := range []fpm.Value{a.owner, a.group} {
		if !v.Known || v.Set && (v.Text == "" || strings.Trim(v.Text, "0123456789") == "") {
			return a, false
		}
	}
	if !a.mode.Known || !pool.Get("user").Set {
		return a, false
	}
	for _, c := range a.mode.Text {
		if c < '0' || c > '7' {
			break // php-fpm reads as many octal digits as there are
		}
		a.bits = (a.bits*8 + int(c-'0')) & 0o7777
	}
	return a, true
}

// verdict finds the guilty setting, and how certain it is that nginx is refused; 0 where it is not.
func (a access) verdict(user, group string) (fpm.Value, diag.Severity) {
	const ownerWrite, groupWrite, otherWrite = 0o200, 0o020, 0o002
	owner, socketGroup := a.names()
	switch {
	case owner == user:
		if a.bits&ownerWrite != 0 {
			return fpm.Value{}, 0
		}
		return a.mode, diag.Error
	case socketGroup == group:
		if a.bits&groupWrite != 0 {
			return fpm.Value{}, 0
		}
		return a.mode, diag.Error
	case a.bits&otherWrite != 0:
		return fpm.Value{}, 0
	case a.bits&groupWrite == 0:
		return a.mode, diag.Error
	case !a.owner.Set && !a.group.Set:
		return a.listen, diag.Error
	case a.group.Set:
		return a.group, diag.Warning
	}
	return a.owner, diag.Warning
}

// names are the owner and the group of the socket.
func (a access) names() (owner, group string) {
	owner = "root"
	if a.owner.Set {
		owner = a.owner.Text
	}
	group = owner // a user's primary group has its name nearly everywhere
	if a.group.Set {
		group = a.group.Text
	}
	return owner, group
}

// describe says whose the socket is, as ls would.
func (a access) describe() string {
	owner, group := a.names()
	return fmt.Sprintf("the socket is %s:%s %04o", owner, group, a.bits)
}
