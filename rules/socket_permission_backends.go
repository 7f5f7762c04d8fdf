package rules

import (
	"fmt"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
)

// backendPermission reports a hop to a socket of another program that nginx may not open.
func backendPermission(p *analyzer.Pass, h *stack.Hop) {
	l := backendOf(h)
	if l == nil || h.Peer.Endpoint.Net != stack.Unix {
		return
	}
	user, group, from, known := h.Scope.User(h.Target.Config)
	a := l.Access
	if !known || user == "root" || !a.ModeKnown || a.Owner == "" || a.Group == "" {
		return
	}
	at, certain := refusedBy(a, user, group)
	if at == 0 {
		return
	}
	severity, notes := noConnection("connect() to " + h.Peer.Endpoint.String() + " failed (13: Permission denied) while connecting to upstream").of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "nginx may not open the program's socket",
		Subject:  label(l.Span, "the socket of %s is %s:%s %04o; nginx's workers are %s:%s", l.Backend.Program, a.Owner, a.Group, a.Mode, user, group),
		Related:  []diag.Label{label(h.Peer.Span, "connects to it")},
		Notes:    append(notes, "to connect, the write bit is needed: the owner's for nginx's user, else the group's for its group, else the others'"),
		Remedy:   fmt.Sprintf("give the socket the group %s and the mode 0660", group),
		Fixes:    []diag.Fix{{Title: fmt.Sprintf("give the socket the group %s and the mode 0660", group), Safety: diag.Manual}},
	}
	for _, written := range []source.Span{a.ModeAt, a.OwnerAt, a.GroupAt} {
		if !written.IsZero() {
			f.Related = append(f.Related, label(written, "says so"))
			break
		}
	}
	if !from.IsZero() {
		f.Related = append(f.Related, label(from.Head(), "nginx's user"))
	}
	if !certain {
		f.Severity = diag.Warning
		f.Notes = append(f.Notes, fmt.Sprintf("it works where %s is a member of the group %s, which only the host tells", user, a.Group))
	}
	p.Report(nginx.Ref{}, l, f)
}

// refusedBy is the write bit that is missing, and whether it is for certain the
// one that counts; 0 where nginx may connect.
func refusedBy(a stack.Access, user, group string) (bit int, certain bool) {
	const ownerWrite, groupWrite, otherWrite = 0o200, 0o020, 0o002
	missing := func(bit int) int { return bit &^ a.Mode }
	switch {
	case a.Owner == user:
		return missing(ownerWrite), true
	case a.Group == group:
		return missing(groupWrite), true
	case missing(otherWrite) == 0:
		return 0, false
	}
	// nginx's user may be a member of another group, but hardly of root's.
	return otherWrite, missing(groupWrite) != 0 || a.Group == "root"
}
