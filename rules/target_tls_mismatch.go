package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var targetTLSMismatch = analyzer.Rule{
	ID:         "target-tls-mismatch",
	Severities: []diag.Severity{diag.Error, diag.Warning},
	Safeties:   []diag.Safety{diag.Safe, diag.Unsafe, diag.Manual},
	YieldsTo:   []string{"target-proxy-protocol"},
	OnHop:      tlsMismatch,
	Doc: analyzer.Doc{
		Summary: "plain HTTP to an address that speaks TLS, or TLS to one that does not",
		What: "`proxy_pass http://` (or `grpc_pass grpc://`) leads to an address of this nginx, or `proxy_pass` to one of Apache, that speaks TLS, or `https://` (`grpcs://`) to one that does not, also of gunicorn or uWSGI. " +
			"TLS is a property of the address and port: one `listen … ssl` there makes it TLS for all servers that share it, and `ssl on` of its default server does. " +
			"A warning where nginx asks another server of the upstream instead, which answers or may do so, or where `error_page` gives another answer.",
		Why: "Plain HTTP to TLS ends as 400, `The plain HTTP request was sent to HTTPS port`; error.log says so only at level info: `client sent plain HTTP request to HTTPS port while reading client request headers`. " +
			"TLS to plain HTTP ends as 502 with `SSL_do_handshake() failed (SSL: … wrong version number) while SSL handshaking to upstream`. gRPC without TLS to TLS ends as 502 with `upstream sent too large http2 frame: 4740180`. " +
			"gunicorn and uWSGI wait for more, so that the handshake ends as 504 after `proxy_connect_timeout`. " +
			"In an upstream with other servers nginx asks the next one after a failed handshake; after a 400 it does not.",
		Gaps:      "Silent for listeners of the stream module, for Apache's port 443 and where only some of its virtual hosts on a port say `SSLEngine on` or a condition decides, where a server of the address answers such requests itself (`error_page 497`), and where a file that was not read may hold a `listen` of that port.",
		Remedy:    "Write the scheme that the address speaks, or add `ssl` to its `listen`.",
		FixSafety: "The scheme is written safely where all servers of the target are such addresses and the port does not follow from the scheme: nothing there works today. It is unsafe where what `error_page` names answers instead.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#listen", "https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass"},
		Since:     "0.1.0",
	},
}

func tlsMismatch(p *analyzer.Pass, h *stack.Hop) {
	if !wrongScheme(h) {
		return
	}
	if backendOf(h) != nil {
		backendTLS(p, h)
		return
	}
	f := diag.Finding{
		Summary: "the target speaks TLS, and the scheme does not",
		Subject: schemePlace(h),
		Remedy:  "write the scheme that the address speaks",
	}
	how := failure{status: "400, The plain HTTP request was sent to HTTPS port", log: "client sent plain HTTP request to HTTPS port while reading client request headers (level info)"}
	switch {
	case h.Peer.TLS:
		f.Summary = "the scheme speaks TLS, and the target does not"
		f.Subject.Text = fmt.Sprintf("TLS is spoken to %s, which has no `ssl`", h.Own[0])
		how = noConnection("SSL_do_handshake() failed (SSL: … wrong version number) while SSL handshaking to upstream")
		f.Related = append(useServer(h), label(h.Own[0].Listens[0].Ref.Head(), "no listen of this address says ssl"))
	default:
		f.Subject.Text = fmt.Sprintf("plain %s is spoken to %s, which speaks TLS", h.Target.Protocol, h.Own[0])
		f.Related = append(useServer(h), label(h.Own[0].TLS.Head(), "makes the address TLS for all its servers"))
		if h.Target.Protocol == stack.GRPC {
			how = notHTTP2
		}
	}
	f.Severity, f.Notes = how.of(h)
	f.Fixes = []diag.Fix{how.graded(h, schemeFix(h))}
	p.Report(h.Target.Pass, h, f)
}

// backendTLS reports a hop to a program.
func backendTLS(p *analyzer.Pass, h *stack.Hop) {
	l := backendOf(h)
	f := diag.Finding{Subject: schemePlace(h), Remedy: "write the scheme that the address speaks"}
	var how failure
	if h.Peer.TLS {
		how = noConnection("SSL_do_handshake() failed (SSL: … wrong version number) while SSL handshaking to upstream")
		if l.Backend.Program != "Apache" { // it waits for the end of a line, which a handshake has only by chance
			how = failure{status: "504, or 502", cause: anyCause, log: "upstream timed out (110: Connection timed out) while SSL handshaking to upstream"}
		}
		f.Summary = "the scheme speaks TLS, and the target does not"
		f.Subject.Text = fmt.Sprintf("TLS is spoken to %s, which speaks plain HTTP", l.Backend.Program)
	} else {
		how = failure{status: "400, You're speaking plain HTTP to an SSL-enabled server port"}
		f.Summary = "the target speaks TLS, and the scheme does not"
		f.Subject.Text = fmt.Sprintf("plain HTTP is spoken to %s, which speaks TLS", l.Backend.Program)
	}
	f.Related = append(useServer(h), label(l.Span, "%s listens here", l.Backend.Program))
	f.Severity, f.Notes = how.of(h)
	f.Fixes = []diag.Fix{how.graded(h, schemeFix(h))}
	p.Report(h.Target.Pass, h, f)
}

// wrongScheme reports whether a hop certainly speaks TLS where nginx's own
// address, or the program that serves it, does not, or the reverse.
func wrongScheme(h *stack.Hop) bool {
	if l := backendOf(h); l != nil && l.Protocol == stack.HTTP && h.Target.Protocol == stack.HTTP {
		// What gunicorn and uWSGI answer to the wrong scheme is not measured.
		return h.Peer.TLS && l.TLS == stack.No || !h.Peer.TLS && l.TLS == stack.Yes && l.Backend.Program == "Apache"
	}
	type key struct{ *stack.Address }
	return toOwnServer(h) && allOwn(h, func(a *stack.Address) bool {
		if h.Peer.TLS {
			return a.TLS.IsZero() && a.Complete
		}
		// Whether `ssl on` counts depends on which server is the default one.
		return !a.TLS.IsZero() && (a.TLS.Name() == "listen" || a.Complete) && a.Answers(h.Peer.Endpoint) &&
			!stack.Once(h.Scope, key{a}, func() bool { return handles497(a) })
	})
}

// handles497 reports whether a server of an address answers plain requests
// itself, or may do so.
func handles497(a *stack.Address) bool {
	return slices.ContainsFunc(a.Servers, func(s *nginx.Block) bool {
		pages, _, known := s.List("error_page")
		return !known || slices.ContainsFunc(pages, func(r nginx.Ref) bool { return r.IndexArg("497", 0) >= 0 })
	})
}

// useServer says where the address is written that an upstream leads to.
func useServer(h *stack.Hop) []diag.Label {
	if h.Peer.Server.IsZero() {
		return nil
	}
	return []diag.Label{label(h.Peer.Span, "leads here")}
}

// schemeMixed reports whether a target of which a hop fails by its scheme has another
// for which that scheme is right, or the other one wrong.
func schemeMixed(t *stack.Target, s *stack.Scope) bool {
	type key struct{ *stack.Target }
	return stack.Once(s, key{t}, func() bool {
		tls, plain := false, false
		for _, h := range t.Hops {
			if h.Peer.Down {
				continue
			}
			if !wrongScheme(h) {
				return true
			}
			tls, plain = tls || h.Peer.TLS, plain || !h.Peer.TLS
		}
		return tls && plain
	})
}

func schemeFix(h *stack.Hop) diag.Fix {
	t := h.Target
	text := t.Pass.Arg(0)
	old, rest, ok := strings.Cut(text, "://")
	if !ok {
		old, rest = "", text
	}
	scheme := map[stack.Protocol]string{stack.HTTP: "http", stack.GRPC: "grpc"}[t.Protocol]
	if !h.Peer.TLS {
		scheme += "s"
	}
	// gRPC needs HTTP/2 as well. Without a port in the address the other scheme leads to another port.
	address, _, _ := strings.Cut(rest, "/")
	fixed := t.Upstream != nil || h.Peer.Endpoint.Net == stack.Unix || t.Protocol == stack.GRPC || strings.Contains(address[strings.LastIndexByte(address, ']')+1:], ":")
	alone := t.Protocol == stack.GRPC && !allOwn(h, func(a *stack.Address) bool { return !a.HTTP2.IsZero() })
	if !fixed || schemeMixed(t, h.Scope) || alone || t.Unknown != "" || strings.Contains(old, "$") || !ok && (t.Protocol == stack.HTTP || strings.Contains(text, "$")) {
		address := h.Peer.Endpoint.String()
		if len(h.Own) > 0 {
			address = h.Own[0].Listens[0].Ref.Arg(0)
		}
		return diag.Fix{Title: fmt.Sprintf("use %s://, or change what `listen %s` says about ssl", scheme, address), Safety: diag.Manual}
	}
	return diag.Fix{
		Title: "use " + scheme + "://", Safety: diag.Safe,
		Edits: []diag.Edit{t.Pass.Tree().SetArg(t.Pass.ID, 0, scheme+"://"+rest)},
	}
}
