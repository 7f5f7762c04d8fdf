package rules

import (
	"fmt"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

// withoutCertificate looks at the servers that TLS connections of an address may
// reach: the default server needs a certificate, and the others only where it
// has none because it refuses all.
func (t *nginxTest) withoutCertificate(a *stack.Address) {
	i := slices.IndexFunc(a.Listens, func(l stack.Listen) bool { return l.Server == a.Default && isDefault(l.Ref) })
	if i < 0 && !a.Complete {
		return // a file that was not read may have the default server
	}
	word, tls := "ssl", a.TLS
	if a.UDP && !a.Stream {
		word = "quic"
		for _, l := range a.Listens {
			if l.Has(word) {
				tls = l.Ref
			}
		}
	}
	if tls.IsZero() || tls.Name() != "listen" || !t.written(tls) {
		return
	}
	if t.needsCertificate(a.Default, a, tls, word) != rejects {
		return
	}
	for _, server := range a.Servers {
		t.needsCertificate(server, a, tls, word)
	}
}

// What a server does with TLS connections.
type tlsUse uint8

const (
	unknownTLS tlsUse = iota
	rejects
	answers
)

// needsCertificate reports a server without a certificate, and tells what it does otherwise.
func (t *nginxTest) needsCertificate(server *nginx.Block, a *stack.Address, tls nginx.Ref, word string) tlsUse {
	in := server
	if t.tookCertificate(server) {
		in = server.Parent
	}
	certificates, _, known := in.List("ssl_certificate")
	if len(certificates) > 0 {
		return answers
	}
	if v := in.Value("ssl_reject_handshake"); v.Explicit() {
		if strings.EqualFold(v.Arg(0), "on") {
			return rejects
		}
	} else if !v.Unset {
		return unknownTLS
	}
	if !known || !t.written(server.Ref()) {
		return unknownTLS
	}
	if t.without[server] {
		return answers
	}
	t.without[server] = true
	at := tls
	for _, l := range a.Listens {
		if l.Server == server && (at == tls || l.Has(word)) {
			at = l.Ref
		}
	}
	f := diag.Finding{
		Summary: "no certificate for TLS",
		Subject: label(at.Head(), "this server has no ssl_certificate"),
		Remedy:  "add ssl_certificate and ssl_certificate_key, or listen without " + word,
	}
	if server == a.Default {
		f.Subject.Text += ", and it is the default server of " + a.String()
	}
	if at != tls && at.IndexArg(word, 0) < 0 {
		f.Related = append(f.Related, label(tls.Head(), "here the address is made one for TLS"))
	}
	t.refuse(at, fmt.Sprintf("no %q is defined for the \"listen ... %s\" directive", "ssl_certificate", word), f)
	return answers
}

// tookCertificate reports whether a directive that takes any words, such as
// server_name, has taken up the only certificate of a server: nginx misses it.
func (t *nginxTest) tookCertificate(server *nginx.Block) bool {
	by := server.Took("ssl_certificate")
	if by.IsZero() || by.Name() == "listen" || len(server.Own("ssl_certificate"))+len(server.Own("ssl_reject_handshake")) > 0 {
		return false
	}
	entry, standing := catalog.Find(by.Name(), server.Context, t.config.Version)
	return standing == catalog.Fits && entry.ArgsAt(t.config.Version).Accepts(by.NArgs()) && server.Parent != nil
}

// withoutKey counts the keys of a server with certificates, whether it listens with TLS or not.
func (t *nginxTest) withoutKey(server *nginx.Block) {
	if on := t.sslOn(server); !on.IsZero() {
		t.certificateAndKey(server, on, `"ssl"`)
		return
	}
	certificates, keys, known := t.certificates(server)
	if known && len(keys) < len(certificates) {
		t.missingKey(certificates, keys, fmt.Sprintf("no %q is defined for certificate %q", "ssl_certificate_key", certificates[len(certificates)-1].Arg(0)))
	}
}

// sslOn is the directive that made a server one for TLS before listen did; zero
// where there is none, or nginx does not know it any more.
func (t *nginxTest) sslOn(server *nginx.Block) nginx.Ref {
	on, _ := t.inForce(server, "ssl")
	if on.IsZero() || !strings.EqualFold(on.Arg(0), "on") || !t.config.Version.IsZero() && !t.before(25, 1) {
		return nginx.Ref{}
	}
	return on
}

func (t *nginxTest) certificates(server *nginx.Block) (certificates, keys []nginx.Ref, known bool) {
	certificates, _, known = server.List("ssl_certificate")
	keys, _, knownKeys := server.List("ssl_certificate_key")
	falls := func(r nginx.Ref) bool { return !t.written(r) }
	return certificates, keys, known && knownKeys && !slices.ContainsFunc(certificates, falls) && !slices.ContainsFunc(keys, falls)
}

func (t *nginxTest) missingKey(certificates, keys []nginx.Ref, says string) {
	last := certificates[len(certificates)-1]
	f := diag.Finding{
		Summary: "a certificate without a key",
		Subject: label(last.Head(), "no ssl_certificate_key goes with it"),
		Remedy:  "add ssl_certificate_key beside it",
	}
	if len(keys) > 0 {
		f.Subject.Text = fmt.Sprintf("%d certificates, %d of them with an ssl_certificate_key", len(certificates), len(keys))
		f.Related = []diag.Label{label(keys[len(keys)-1].Head(), "the last key")}
	}
	t.refuse(last, says, f)
}

// certificateAndKey looks for both in a server of which one directive alone says
// that it speaks TLS, as nginx names it.
func (t *nginxTest) certificateAndKey(server *nginx.Block, by nginx.Ref, name string) {
	certificates, keys, known := t.certificates(server)
	switch {
	case !known:
	case len(certificates) == 0:
		t.refuse(by, fmt.Sprintf("no %q is defined for the %s directive", "ssl_certificate", name), diag.Finding{
			Summary: "no certificate for TLS",
			Subject: label(by.Head(), "this %s has no ssl_certificate", server.Context),
			Remedy:  "add ssl_certificate and ssl_certificate_key",
		})
	case len(keys) == 0:
		t.missingKey(certificates, keys, fmt.Sprintf("no %q is defined for the %s directive", "ssl_certificate_key", name))
	case len(keys) < len(certificates):
		t.missingKey(certificates, keys, fmt.Sprintf("no %q is defined for certificate %q and the %s directive", "ssl_certificate_key", certificates[len(certificates)-1].Arg(0), name))
	}
}

// verifiesClients looks for the certificates that those of clients are checked with.
func (t *nginxTest) verifiesClients(server *nginx.Block) {
	verify, _ := t.inForce(server, "ssl_verify_client")
	if verify.IsZero() || verify.Arg(0) != "on" && verify.Arg(0) != "optional" {
		return
	}
	certificates, _, known := t.certificates(server)
	client, trusted := server.Value("ssl_client_certificate"), server.Value("ssl_trusted_certificate")
	old := t.before(27, 1)
	if len(certificates) == 0 || !known || !client.Unset || !trusted.Unset && !old {
		return
	}
	says := "no ssl_client_certificate for ssl_verify_client"
	if !old && !t.config.Version.IsZero() {
		says = "no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client"
	}
	t.refuse(verify, says, diag.Finding{
		Summary: "clients' certificates with nothing to verify them with",
		Subject: label(verify.Head(), "no ssl_client_certificate is in force here"),
		Remedy:  "add ssl_client_certificate, or write optional_no_ca",
	})
}

// securePasses are the directives that pass requests on through TLS, with how a
// target of theirs begins that certainly does; one with variables may always.
var securePasses = []struct{ pass, scheme string }{{"proxy", "https://"}, {"grpc", "grpcs://"}, {"uwsgi", "suwsgi://"}}

// securePass looks for what a pass through TLS needs.
func (t *nginxTest) securePass(b *nginx.Block) {
	for _, family := range securePasses {
		for _, pass := range t.own(b, family.pass+"_pass") {
			target := pass.Arg(0)
			if strings.Contains(target, "$") || len(target) > len(family.scheme) && strings.EqualFold(target[:len(family.scheme)], family.scheme) {
				t.secure(b, family.pass, pass)
			}
		}
	}
}

func (t *nginxTest) secure(b *nginx.Block, family string, pass nginx.Ref) {
	certificate := b.Value(family + "_ssl_certificate").From
	if _, none := t.inForce(b, family+"_ssl_certificate_key"); none && !certificate.IsZero() && t.written(certificate) && certificate.Arg(0) != "" {
		t.refuse(certificate, fmt.Sprintf("no \"%s_ssl_certificate_key\" is defined for certificate %q", family, certificate.Arg(0)), diag.Finding{
			Summary: "a certificate without a key",
			Subject: label(certificate.Head(), "no %s_ssl_certificate_key is in force", family),
			Related: []diag.Label{label(pass.Head(), "a connection with TLS")},
			Remedy:  fmt.Sprintf("add %s_ssl_certificate_key beside it", family),
		})
	}
	verify, _ := t.inForce(b, family+"_ssl_verify")
	if _, none := t.inForce(b, family+"_ssl_trusted_certificate"); none && !verify.IsZero() && strings.EqualFold(verify.Arg(0), "on") {
		t.refuse(verify, fmt.Sprintf("no %s_ssl_trusted_certificate for %s_ssl_verify", family, family), diag.Finding{
			Summary: "a backend's certificate with nothing to verify it with",
			Subject: label(verify.Head(), "no %s_ssl_trusted_certificate is in force", family),
			Related: []diag.Label{label(pass.Head(), "a connection with TLS")},
			Remedy:  fmt.Sprintf("add `%s_ssl_trusted_certificate FILE;` with the certificates to trust", family),
		})
	}
}

// streamTLS looks at both sides of a server of the stream module.
func (t *nginxTest) streamTLS(server *nginx.Block) {
	for _, listen := range t.own(server, "listen") {
		if listen.IndexArg("ssl", 0) >= 0 {
			if certificates, _, _ := t.certificates(server); len(certificates) > 0 { // without, the default server decides
				t.certificateAndKey(server, listen, `"listen ... ssl"`)
			}
			t.verifiesClients(server)
			break
		}
	}
	if on, _ := t.inForce(server, "proxy_ssl"); !on.IsZero() && strings.EqualFold(on.Arg(0), "on") {
		t.secure(server, "proxy", on)
	}
}

// mailTLS looks for the certificate of a server of the mail module.
func (t *nginxTest) mailTLS(server *nginx.Block) {
	for _, listen := range t.own(server, "listen") {
		if listen.IndexArg("ssl", 0) >= 0 {
			t.certificateAndKey(server, listen, `"listen ... ssl"`)
			return
		}
	}
	if on := t.sslOn(server); !on.IsZero() {
		t.certificateAndKey(server, on, `"ssl"`)
	} else if starttls, _ := t.inForce(server, "starttls"); !starttls.IsZero() && !strings.EqualFold(starttls.Arg(0), "off") {
		t.certificateAndKey(server, starttls, `"starttls"`)
	}
}
