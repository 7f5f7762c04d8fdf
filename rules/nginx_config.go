package rules

import (
	"slices"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
)

var nginxConfig = analyzer.Rule{
	ID:         "nginx-config",
	Severities: []diag.Severity{diag.Error},
	Safeties:   []diag.Safety{diag.Safe},
	Refused:    diag.Nginx,
	OnScope:    refusedByNginx,
	NoProof:    judgedByNginx,
	Doc: analyzer.Doc{
		Summary: "directives that nginx refuses to have together",
		What: "What `nginx -t` refuses because of how directives stand together, on the values in force after inheritance: no `events` block, a `load_module` behind a block; `root` beside `alias`; a cache beside a store; `proxy_redirect default` before `proxy_pass`; " +
			"`listen … ssl` without certificate, a certificate without key, verification without the certificates to verify with; shared memory zones declared twice, with two sizes or for two uses; a log format twice, one access log with two buffers, one folder for two caches; " +
			"an upstream with a port behind its name, and a target of FastCGI, uwsgi, SCGI, gRPC or memcached that is neither an upstream nor has a port; servers of `stream` without `listen` or handler and of `mail` without protocol or `auth_http`; names that are too long for nginx's hash tables; a name twice in the `valid_referers` of a block, or beside `server_names` that stands for it.",
		Why: "nginx does not start. Much of it is checked only when all is read: nginx then names the closing brace of `http`, or no line at all: `[emerg] no \"ssl_certificate_key\" is defined for certificate \"/c.pem\"`, `could not build server_names_hash, you should increase server_names_hash_bucket_size: 64`.",
		Gaps: "What lies on the machine is not looked at: certificates, host names, users, folders. Silent where a file that was not read may set the other side, for files that a program fills in, and behind the first syntax error of a file. " +
			"Without the directives that set them, hash tables are taken to have buckets of 64 bytes and connections a pool of 512 bytes, as on all usual machines of 64 bits.",
		Remedy:    "Change one of the places that the finding names.",
		FixSafety: "Safe, as nginx does not start today: what repeats itself word by word is dropped, and a size that is too small is raised to the smallest that does.",
		Refs:      []string{"https://nginx.org/en/docs/dirindex.html", "https://nginx.org/en/docs/hash.html"},
		Since:     "0.2.0",
	},
}

func refusedByNginx(p *analyzer.Pass, s *stack.Scope) {
	for _, c := range s.Nginx {
		t := nginxTest{Pass: p, config: c}
		t.sections()
		t.inOrder()
		for b := range c.Blocks(catalog.Any | catalog.Rows) {
			t.block(b)
		}
	}
	var short *stack.Address // the last one without long names
	without := map[*nginx.Block]bool{}
	for _, a := range s.Addresses {
		t := nginxTest{Pass: p, config: a.Config, without: without}
		t.withoutCertificate(a)
		if !a.SharesServers(short) && !t.serverNamesHash(a) {
			short = a
		}
	}
}

// nginxTest does what nginx -t does, on one configuration. Other than nginx it
// goes on behind the first mistake.
type nginxTest struct {
	*analyzer.Pass
	config *nginx.Config
	// without are the servers that are told to have no certificate, of whichever address.
	without map[*nginx.Block]bool
}

// refuse reports what nginx says of a directive.
func (t *nginxTest) refuse(at nginx.Ref, says string, f diag.Finding) {
	f.Severity = diag.Error
	f.Notes = append([]string{"nginx says: " + says}, f.Notes...)
	t.Report(at, at, f)
}

// written reports whether a directive stands as it will run, with all its words.
func (t *nginxTest) written(r nginx.Ref) bool {
	return t.Certain(r) && !r.Tree().FilledIn(r.ID)
}

// stands is written, and reports whether nginx knows the directive in the block.
func (t *nginxTest) stands(b *nginx.Block, r nginx.Ref) bool {
	_, standing := catalog.Find(r.Name(), b.Context, t.config.Version)
	return standing == catalog.Fits && t.written(r)
}

// own are the directives of a block with a name that are written as they will run.
func (t *nginxTest) own(b *nginx.Block, name string) []nginx.Ref {
	own := b.Own(name)
	falls := func(r nginx.Ref) bool { return !t.stands(b, r) }
	if !slices.ContainsFunc(own, falls) {
		return own
	}
	return slices.DeleteFunc(slices.Clone(own), falls)
}

// inForce is the directive that gives a block a value, zero where there is none
// or it is not certain; unset reports that certainly nobody wrote one.
func (t *nginxTest) inForce(b *nginx.Block, name string) (r nginx.Ref, unset bool) {
	r, unset = b.From(name)
	if r.IsZero() || !t.written(r) {
		return nginx.Ref{}, unset
	}
	return r, false
}

// before reports whether the nginx that will run it is certainly older than 1.MINOR.PATCH.
func (t *nginxTest) before(minor, patch uint16) bool {
	v := t.config.Version
	return !v.IsZero() && v.Compare(catalog.Version{Major: 1, Minor: minor, Patch: patch}) < 0
}

// block looks at what stands in one block, with what it inherits.
func (t *nginxTest) block(b *nginx.Block) {
	switch in := b.Context; {
	case in == catalog.HTTP:
		t.longTypes(b)
		t.longVariables(b)
	case in == catalog.Stream:
		t.longVariables(b)
	case in == catalog.Server:
		t.withoutKey(b)
		t.verifiesClients(b)
		t.headerBuffers(b)
		t.secureLinks(b)
		t.referers(b)
		t.longTypes(b)
		t.longHeaders(b)
	case in&(catalog.Location|catalog.IfInLocation|catalog.LimitExcept) != 0:
		t.rootAndAlias(b)
		t.referers(b)
		t.longTypes(b)
		t.longHeaders(b)
		t.securePass(b)
		t.secureLinks(b)
	case in == catalog.StreamServer:
		t.streamServer(b)
	case in == catalog.MailServer:
		t.mailServer(b)
	case in == catalog.Rows:
		t.longKeys(b)
	case in&(catalog.Upstream|catalog.StreamUpstream) != 0:
		t.members(b)
	}
	t.storeAndCache(b)
}
