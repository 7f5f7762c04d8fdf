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
	if !known || user == "root" {
		return
	}
	if a.Folder != nil && closedFolder(p, h, l, user, group) || !a.ModeKnown || a.Owner == "" || a.Group == "" {
		return
	}
	refused, certain := refuses(a.Mode, 2, a.Owner, a.Group, user, group)
	if !refused {
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

// closedFolder reports a socket in a folder that nginx's workers may not enter.
func closedFolder(p *analyzer.Pass, h *stack.Hop, l *stack.Listener, user, group string) bool {
	folder := l.Access.Folder
	refused, certain := refuses(folder.Mode, 1, folder.Owner, folder.Group, user, group)
	if !refused {
		return false
	}
	severity, notes := noConnection("connect() to " + h.Peer.Endpoint.String() + " failed (13: Permission denied) while connecting to upstream").of(h)
	f := diag.Finding{
		Severity: severity,
		Summary:  "nginx may not enter the folder of the program's socket",
		Subject:  label(folder.At, "systemd makes %s, %s:%s %04o; nginx's workers are %s:%s", folder.Path, folder.Owner, folder.Group, folder.Mode, user, group),
		Related:  []diag.Label{label(l.Span, "%s listens here", l.Backend.Program), label(h.Peer.Span, "connects to it")},
		Notes:    append(notes, "to reach a socket, each folder above it has to grant nginx's user the bit x"),
		Remedy:   "set RuntimeDirectoryMode=0755",
	}
	if !folder.ModeAt.IsZero() {
		f.Related = append([]diag.Label{label(folder.ModeAt, "with this mode")}, f.Related...)
	}
	if !certain {
		f.Severity = diag.Warning
		f.Notes = append(f.Notes, fmt.Sprintf("it works where %s is a member of the group %s, which only the host tells", user, folder.Group))
	}
	f.Fixes = []diag.Fix{{Title: f.Remedy, Safety: diag.Manual}}
	p.Report(nginx.Ref{}, l, f)
	return true
}

// refuses reports whether a mode refuses nginx a bit (2 to write, 1 to enter a
// folder), and whether it is for certain the one that counts.
func refuses(mode, bit int, owner, ownGroup, user, group string) (refused, certain bool) {
	missing := func(who int) bool { return mode&(bit<<who) == 0 }
	const ofOwner, ofGroup, ofOthers = 6, 3, 0
	switch {
	case owner == user:
		return missing(ofOwner), true
	case ownGroup == group:
		return missing(ofGroup), true
	case !missing(ofOthers):
		return false, false
	}
	// nginx's user may be a member of another group, but hardly of root's.
	return true, missing(ofGroup) || ownGroup == "root"
}
