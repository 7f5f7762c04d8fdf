package rules

import (
	"fmt"
	"strings"

	"nginx-lint/analyzer"
	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/syntax"
)

// What PHP comes with.
const (
	shippedPostMax   = 8 << 20
	shippedUploadMax = 2 << 20
)

var bodySizeMismatch = analyzer.Rule{
	ID:         "body-size-mismatch",
	Severities: []diag.Severity{diag.Warning},
	Safeties:   []diag.Safety{diag.Unsafe, diag.Manual},
	YieldsTo:   []string{"php-size-value"},
	OnHop:      bodySizes,
	Doc: analyzer.Doc{
		Summary: "nginx and PHP do not agree how large an upload may be",
		What: "In a location that a pool serves: a `client_max_body_size` that somebody wrote is larger than PHP's `post_max_size`; or a `post_max_size` or `upload_max_filesize` above what PHP comes with (8M and 2M) is larger than the `client_max_body_size` in force (1m when nobody sets it); or `upload_max_filesize` is larger than `post_max_size`. " +
			"PHP's values are those in force: php.ini and its scan directory, the pool, `fastcgi_param PHP_VALUE`, .user.ini.",
		Why: "Where nginx lets more pass than PHP takes, the script is run with `$_POST` and `$_FILES` empty, and answers 200 as if nothing had been sent: PHP's log has `POST Content-Length of 9000000 bytes exceeds the limit of 8388608 bytes`. " +
			"Where nginx takes less than PHP was told to, the client gets 413; error.log has `client intended to send too large body`.",
		Gaps:      "A post_max_size that nobody wrote is not assumed: PHP's 8M may be another in a build or an image. A post_max_size of 0, no limit, is not compared. Silent for named locations, where nginx does not look at the size again; for a limit in an internal location; where a value is not known; where PHP is told not to read bodies (`enable_post_data_reading`); and for status and ping pages. What .user.ini says about post_max_size holds for multipart/form-data only.",
		Remedy:    "Let the three rise: upload_max_filesize, post_max_size (a little more), client_max_body_size.",
		FixSafety: "Unsafe: nginx's limit becomes PHP's. Requests then end as 413 that were answered (without their data), or larger ones are let in. Which of PHP's own two was meant is yours to say.",
		Refs:      []string{"https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size", "https://www.php.net/manual/en/ini.core.php#ini.post-max-size"},
		Since:     "0.1.0",
	},
}

func bodySizes(p *analyzer.Pass, h *stack.Hop) {
	pool := h.Pool()
	location := h.Target.Block.Enclosing(catalog.Location)
	if pool == nil || h.Target.Protocol != stack.FastCGI || location == nil || monitors(h.Target, pool) {
		return
	}
	if reading, known := h.PHP("enable_post_data_reading"); len(reading) > 0 && (!known || reading[0].Text != "1") {
		return
	}
	post, postKnown := phpSize(h, "post_max_size")
	upload, uploadKnown := phpSize(h, "upload_max_filesize")
	postKnown, uploadKnown = postKnown && post.n > 0, uploadKnown && upload.n > 0
	b := bodies{pass: p, hop: h, location: location}
	if postKnown && uploadKnown && upload.n > post.n {
		b.uploadOverPost(upload, post)
		uploadKnown = false // what post_max_size allows is what counts
	}
	b.limit = h.Target.Block.Value("client_max_body_size")
	var ok bool
	b.bytes, ok = nginx.ParseOffset(b.limit.Arg(0))
	if args := location.Args(); !ok || !b.limit.Known() || len(args) == 0 || strings.HasPrefix(args[len(args)-1], "@") {
		return
	}
	postTooLarge := postKnown && post.n > shippedPostMax && b.bytes > 0 && post.n > b.bytes
	uploadTooLarge := uploadKnown && upload.n > shippedUploadMax && b.bytes > 0 && upload.n > b.bytes
	switch {
	case postKnown && b.limit.Explicit() && (b.bytes == 0 || b.bytes > post.n) && len(location.Own("internal")) == 0:
		b.lost(post)
	case postTooLarge:
		b.refused(post)
	case uploadTooLarge && (!postKnown || post.n > b.bytes):
		b.refused(upload)
	}
}

// bodies is one location with the size that nginx lets pass there.
type bodies struct {
	pass     *analyzer.Pass
	hop      *stack.Hop
	location *nginx.Block
	limit    nginx.Value
	bytes    int64
}

// lost reports that nginx lets more pass than PHP takes.
func (b bodies) lost(post phpNumber) {
	passes := "any size"
	if b.bytes > 0 {
		passes = size(b.bytes)
	}
	what := "more than %s"
	if post.Layer == fpm.UserLayer { // which PHP reads behind other bodies
		what = "multipart/form-data of more than %s"
	}
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nginx lets bodies pass that PHP drops",
		Subject:  label(b.limit.From.Head(), "nginx lets %s pass", passes),
		Related:  []diag.Label{post.label("PHP takes %s", size(post.n)), b.passed()},
		Notes:    []string{fmt.Sprintf("a script that is sent "+what+" runs with $_POST and $_FILES empty; PHP's log: POST Content-Length of %d bytes exceeds the limit of %d bytes", size(post.n), post.n+1, post.n)},
		Remedy:   "raise post_max_size to what nginx lets pass, or lower client_max_body_size to " + size(post.n),
	}
	fix := diag.Fix{Title: "set client_max_body_size " + size(post.n), Safety: diag.Unsafe}
	if b.limit.In == b.location {
		fix.Edits = []diag.Edit{b.limit.From.Tree().SetArg(b.limit.From.ID, 0, size(post.n))}
	} else {
		fix.Title += " in " + blockName(b.location)
		fix.Edits = []diag.Edit{addToLocation(b.hop.Target, "client_max_body_size "+size(post.n)+";")}
	}
	fix.Risk = "larger requests, which are answered without their data now, end as 413"
	f.Fixes = []diag.Fix{fix}
	b.pass.Report(b.limit.From, post.Span, f)
}

// refused reports that nginx takes less than PHP was told to.
func (b bodies) refused(v phpNumber) {
	f := diag.Finding{
		Severity: diag.Warning,
		Summary:  "nginx refuses bodies that PHP would take",
		Notes:    []string{fmt.Sprintf("a request with more than %s ends as 413; error.log: client intended to send too large body", size(b.bytes))},
		Remedy:   "raise client_max_body_size to " + size(v.n) + ", or lower " + v.name,
	}
	takes := v.label("PHP takes %s", size(v.n))
	at := nginx.Ref{}
	if b.limit.Explicit() {
		at = b.limit.From
		f.Subject = label(at.Head(), "nginx lets %s pass", size(b.bytes))
		f.Related = []diag.Label{takes, b.passed()}
	} else {
		f.Subject = takes
		f.Related = []diag.Label{b.passed()}
		f.Related[0].Text += fmt.Sprintf("; client_max_body_size is %s, %s", size(b.bytes), origin(b.limit))
	}
	f.Fixes = []diag.Fix{b.raise(v.n)}
	b.pass.Report(at, v.Span, f)
}

// uploadOverPost reports that a file may be larger than the request that brings it.
func (b bodies) uploadOverPost(upload, post phpNumber) {
	b.pass.Report(nginx.Ref{}, analyzer.Causes{upload.Span, post.Span}, diag.Finding{
		Severity: diag.Warning,
		Summary:  "a file may be larger than the request that brings it",
		Subject:  upload.label("a file may have %s", size(upload.n)),
		Related:  []diag.Label{post.label("a whole request may have %s", size(post.n)), b.passed()},
		Notes:    []string{fmt.Sprintf("an upload of more than %s arrives with $_POST and $_FILES empty", size(post.n))},
		Remedy:   "raise post_max_size above upload_max_filesize, or lower the latter",
		Fixes:    []diag.Fix{{Title: "raise post_max_size above upload_max_filesize", Safety: diag.Manual}},
	})
}

func (b bodies) passed() diag.Label {
	return label(b.hop.Target.Pass.Head(), "requests go to pool %s here", b.hop.Pool().Name)
}

// raise makes nginx's limit that of PHP: where it is written; where it is
// nginx's default, in the server, so that it also holds in the location that a
// request comes in by.
func (b bodies) raise(to int64) diag.Fix {
	line := "client_max_body_size " + size(to)
	fix := diag.Fix{Title: "set " + line, Safety: diag.Unsafe, Risk: "larger requests are let in"}
	switch server := b.location.Enclosing(catalog.Server); {
	case b.limit.Explicit():
		fix.Edits = []diag.Edit{b.limit.From.Tree().SetArg(b.limit.From.ID, 0, size(to))}
	case server != nil:
		fix.Edits = []diag.Edit{server.Place.Tree.InsertInto(server.ID, syntax.None, line+";")}
		fix.Title += " in the server"
	default:
		fix.Safety, fix.Risk = diag.Manual, ""
	}
	return fix
}
