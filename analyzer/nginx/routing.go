package nginx

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"nginx-lint/analyzer/catalog"
)

// Presence says what lies at a path below a root.
type Presence uint8

// The kinds of presence. The zero value is that it is not known.
const (
	Nothing Presence = iota + 1
	File
	Folder
)

// Files tells what lies where a path leads below the root that is in force in a location
// (or, where none serves the request, in its server).
type Files func(at *Block, uri string) Presence

// Handler is what makes the answer to a request.
type Handler uint8

// The handlers.
const (
	// Static: nginx itself, from the file that the URI names.
	Static Handler = iota + 1
	// Passed: a `*_pass`.
	Passed
	// Status: nginx itself, with a status or a redirect.
	Status
	// Module: another module's content, or a list of a folder's files.
	Module
)

// A Route is the way of a request through a server.
type Route struct {
	// Location is the one that answers, the server where none was chosen.
	Location *Block
	// URI is what the request's URI has become.
	URI     string
	Handler Handler
	// Pass is the directive that passes the request on.
	Pass Ref
	// Code is the status that the handler Status gives; an error_page may have replaced it.
	Code int
	// Locations are those that the request was in, in order; the request's own is the first.
	Locations []*Block
}

// Serve follows a request (GET or POST) for a normalised path without arguments through a
// server's rewrites, locations, try_files, index files and error pages to what
// answers it. An `if` about the request's other properties (its host, its agent …) and
// rules that admit only some clients are taken as passed. certain is false where something
// that is not known decides.
func (w *Work) Serve(server *Block, uri string, files Files) (route Route, certain bool) {
	r := newRouter(w, server, uri, files)
	certain = r.run(r.serverRewrite)
	return r.route, certain
}

// ServeError follows the answer to a request that has failed with a status in a
// location to what its error_page makes of it. ref is the error_page directive;
// it is zero, and route with it, where none speaks of that status.
func (w *Work) ServeError(location *Block, code int, files Files) (ref Ref, route Route, certain bool) {
	server := location.Enclosing(catalog.Server)
	if server == nil {
		return ref, route, false
	}
	ref, certain = w.errorPage(location, code)
	if !certain || ref.IsZero() {
		return ref, route, certain
	}
	r := newRouter(w, server, "", files)
	r.route.Location = location
	certain = r.run(func() (phase, bool) { return r.status(code) })
	return ref, r.route, certain
}

// A phase is one step of nginx's; next is nil where the request is answered.
// known is false where something not known decides.
type phase func() (next phase, known bool)

type router struct {
	work   *Work
	server *Block
	inTree Files
	// original is the URI as it came.
	original string
	route    Route
	// internal is set once the URI was changed, failed where no further error_page counts.
	internal, failed bool
	// instead is the status that an error page is sent with, 0 for its own.
	instead int
	// arguments is set once the request may have some.
	arguments bool
	// left is how often the URI may still be changed.
	left int
}

// maxRedirects is how often nginx changes the URI of a request before it gives up.
const maxRedirects = 10

func newRouter(w *Work, server *Block, uri string, files Files) *router {
	return &router{work: w, server: server, inTree: files, original: uri, left: maxRedirects, route: Route{URI: uri, Location: server}}
}

func (r *router) run(next phase) bool {
	if r.server.Parent == nil || r.work.runsCode(r.server) {
		return false
	}
	known := true
	for next != nil && known {
		next, known = next()
	}
	return known
}

// files asks what lies at a path: that takes as long as to look at many locations.
func (r *router) files(at *Block, uri string) Presence {
	if !r.work.Take(200) {
		return 0
	}
	return r.inTree(at, uri)
}

// done ends the request.
func (r *router) done(h Handler) (phase, bool) {
	r.route.Handler = h
	return nil, true
}

// again is the next phase after the URI was changed, or the end of a request
// whose URI was changed too often: 500.
func (r *router) again(next phase) (phase, bool) {
	if r.left--; r.left < 0 {
		r.route.Code = 500
		return r.done(Status)
	}
	return next, true
}

func (r *router) redirect(uri string) (phase, bool) {
	if !strings.HasPrefix(uri, "/") {
		return nil, false
	}
	r.route.URI, r.internal = uri, true
	return r.again(r.serverRewrite)
}

func (r *router) serverRewrite() (phase, bool) {
	if r.server.Missing {
		return nil, false
	}
	r.route.Location = r.server
	switch end, known := r.script(r.server); {
	case !known:
		return nil, false
	case end.answered:
		return r.answered(end)
	}
	return r.find, true
}

func (r *router) find() (phase, bool) {
	location, certain := r.work.SelectLocation(r.server, r.route.URI)
	if !certain || r.redirectsToFolder(r.server, r.route.URI) {
		return nil, false
	}
	if location == nil {
		r.route.Location = r.server
		return r.access, true
	}
	next, known := r.enter(location)
	if known && !r.internal && isInternal(location) {
		return r.status(404)
	}
	return next, known
}

// isInternal reports whether a location, or one that it stands in, takes redirected requests only.
func isInternal(location *Block) bool {
	for ; location != nil && location.Context == catalog.Location; location = location.Parent {
		if len(location.Own("internal")) > 0 {
			return true
		}
	}
	return false
}

func (r *router) enter(location *Block) (phase, bool) {
	if location.Missing || r.work.runsCode(location) {
		return nil, false
	}
	r.route.Location = location
	r.route.Locations = append(r.route.Locations, location)
	return r.rewrite, true
}

func (r *router) rewrite() (phase, bool) {
	end, known := r.script(r.route.Location)
	switch {
	case !known:
		return nil, false
	case end.answered:
		return r.answered(end)
	case end.changed:
		return r.again(r.find)
	}
	return r.access, true
}

// answered is what a return or a redirecting rewrite comes to.
func (r *router) answered(end ending) (phase, bool) {
	if end.final {
		r.route.Code = end.code
		if r.instead != 0 && (end.code < 300 || end.code > 308) {
			r.route.Code = r.instead
		}
		return r.done(Status)
	}
	return r.status(end.code)
}

// status answers with a status of nginx's own, or what error_page makes of it.
func (r *router) status(code int) (phase, bool) {
	at := r.route.Location
	r.route.Code = code
	if r.failed {
		return r.done(Status)
	}
	ref, known := r.work.errorPage(at, code)
	recursive := at.Value("recursive_error_pages")
	switch {
	case !known || !ref.IsZero() && !recursive.Known():
		return nil, false
	case ref.IsZero():
		return r.done(Status)
	}
	r.failed = recursive.Arg(0) != "on"
	r.instead = code
	if n := ref.NArgs(); n > 2 && strings.HasPrefix(ref.Arg(n-2), "=") {
		r.instead, _ = strconv.Atoi(ref.Arg(n - 2)[1:]) // without a number it is the page's own
	}
	target := ref.Arg(ref.NArgs() - 1)
	if strings.HasPrefix(target, "@") {
		return r.named(target)
	}
	if strings.HasPrefix(target, "http://") || strings.HasPrefix(target, "https://") {
		r.route.Code = 302
		return r.done(Status)
	}
	uri, known := r.expand(target)
	if !known {
		return nil, false
	}
	return r.redirect(uri)
}

// errorPage is the error_page directive that holds for a status; zero where none does.
func (w *Work) errorPage(at *Block, code int) (ref Ref, known bool) {
	pages, _, known := at.List("error_page")
	text := strconv.Itoa(code)
	for _, page := range pages {
		last := page.NArgs() - 1
		if !w.Take(1 + last) {
			return Ref{}, false
		}
		for i := range last {
			if page.Arg(i) == text {
				return page, known // the first one wins
			}
		}
	}
	return Ref{}, known
}

func (r *router) named(name string) (phase, bool) {
	if !r.work.Take(len(r.server.Children)) {
		return nil, false
	}
	for _, child := range r.server.Children {
		if child.Context != catalog.Location {
			continue
		}
		if m, pattern := child.Location(); m == "@" && "@"+pattern == name {
			r.internal = true
			return r.again(func() (phase, bool) { return r.enter(child) })
		}
	}
	return nil, false
}

func (r *router) access() (phase, bool) {
	at := r.route.Location
	refused, known := r.refusesAll(at)
	if !known || !r.work.Take(len(at.Children)) || limitsMethods(at) {
		return nil, false
	}
	if refused {
		return r.status(403)
	}
	return r.tryFiles, true
}

// refusesAll reports whether a location's rules admit nobody.
func (r *router) refusesAll(at *Block) (refused, known bool) {
	for b := at; b != nil; b = b.Parent {
		denies := len(b.Own("deny")) > 0
		if !denies && len(b.Own("allow")) == 0 {
			if b.Missing {
				return false, b.Context != catalog.Server && b.Context != catalog.Location
			}
			continue
		}
		if !r.work.Take(int(b.size)) {
			return false, false
		}
		for d := range b.All() {
			switch name := d.Name(); {
			case name == "allow":
				return false, true
			case name == "deny" && d.Arg(0) == "all":
				satisfy := at.Value("satisfy")
				return true, satisfy.Known() && satisfy.Arg(0) != "any" && !b.Missing
			}
		}
		if b.Missing {
			return false, b.Context != catalog.Server && b.Context != catalog.Location
		}
		if denies {
			return false, true
		}
	}
	return false, true
}

// limitsMethods reports whether a limit_except may refuse a GET or a POST.
func limitsMethods(at *Block) bool {
	return slices.ContainsFunc(at.Children, func(b *Block) bool {
		args := b.Args()
		return b.Context == catalog.LimitExcept && (!slices.Contains(args, "GET") || !slices.Contains(args, "POST"))
	})
}

func (r *router) tryFiles() (phase, bool) {
	at := r.route.Location
	own := at.Own("try_files") // not inherited
	if len(own) != 1 {
		return r.content, len(own) == 0
	}
	if _, aliased := at.Root(); aliased {
		return nil, false
	}
	args := own[0].Args()
	if len(args) < 2 {
		return nil, false // nginx refuses it
	}
	last := args[len(args)-1]
	for _, arg := range args[:len(args)-1] {
		name, known := r.expand(arg)
		if !known {
			return nil, false
		}
		folder := strings.HasSuffix(arg, "/")
		switch found := r.files(at, name); {
		case found == 0:
			return nil, false
		case found == Folder && folder, found == File && !folder:
			r.route.URI = strings.TrimSuffix(name, "/") // so that a folder's own name gets its slash by a redirect
			if r.route.URI == "" {
				r.route.URI = "/"
			}
			return r.content, true
		}
	}
	if code, ok := strings.CutPrefix(last, "="); ok {
		n, err := strconv.Atoi(code)
		if err != nil {
			return nil, false
		}
		return r.status(n)
	}
	if strings.HasPrefix(last, "@") {
		return r.named(last)
	}
	uri, known := r.expand(last)
	if !known {
		return nil, false
	}
	return r.redirect(uri)
}

func (r *router) content() (phase, bool) {
	at := r.route.Location
	if at.Context == catalog.Location {
		if !r.work.Take(int(at.size)) {
			return nil, false
		}
		pass, module, known := handler(at)
		switch {
		case !known:
			return nil, false
		case !pass.IsZero():
			r.route.Pass = pass
			return r.done(Passed)
		case module:
			return r.done(Module)
		}
	}
	found := r.files(at, r.route.URI)
	switch {
	case found == 0:
		return nil, false
	case strings.HasSuffix(r.route.URI, "/"):
		return r.index(found)
	case found == File:
		return r.done(Static)
	case found == Folder:
		r.route.Code = 301
		return r.done(Status)
	}
	return r.status(404)
}

// index answers for a folder, which may not be there.
func (r *router) index(found Presence) (phase, bool) {
	at := r.route.Location
	files, _, known := at.List("index")
	var names []string
	for _, d := range files {
		names = append(names, d.Args()...)
	}
	if len(files) == 0 {
		names = []string{"index.html"}
	}
	autoindex := at.Value("autoindex")
	if !known || !autoindex.Known() {
		return nil, false
	}
	for _, name := range names {
		if !Literal(name) {
			return nil, false
		}
		if strings.HasPrefix(name, "/") {
			return r.redirect(name)
		}
		switch r.files(at, r.route.URI+name) {
		case File:
			return r.redirect(r.route.URI + name)
		case Nothing:
		case Folder, 0:
			return nil, false
		}
	}
	switch {
	case found != Folder:
		return r.status(404)
	case autoindex.Arg(0) == "on":
		return r.done(Module)
	}
	return r.status(403)
}

// maxURI is how long a URI may become: rewrites may double it again and again.
const maxURI = 1 << 14

// expand is a path with variables that follow from the request's path alone; an
// URI's arguments are left out.
func (r *router) expand(text string) (uri string, known bool) {
	if n := len(text) + strings.Count(text, "$")*len(r.route.URI); n > maxURI || !r.work.Take(10+n/8) {
		return "", false
	}
	text, _, more := strings.Cut(text, "?")
	if r.arguments && (strings.Contains(text, "args") || strings.Contains(text, "query_string")) {
		return "", false
	}
	r.arguments = r.arguments || more
	literal, rest, more := strings.Cut(text, "$")
	var b strings.Builder
	b.WriteString(literal)
	for more {
		var name string
		name, rest = cutName(rest)
		switch name {
		case "uri", "document_uri":
			b.WriteString(r.route.URI)
		case "is_args", "args", "query_string":
		default:
			return "", false
		}
		literal, rest, more = strings.Cut(rest, "$")
		b.WriteString(literal)
	}
	uri = b.String()
	return uri, !strings.Contains(uri, "%") && !Opaque(uri)
}

// cutName splits what follows a `$` into the variable's name and the rest.
func cutName(text string) (name, rest string) {
	if inner, braces := strings.CutPrefix(text, "{"); braces {
		name, rest, _ = strings.Cut(inner, "}")
		return name, rest
	}
	end := 0
	for end < len(text) && (text[end] == '_' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z' || text[end] >= '0' && text[end] <= '9') {
		end++
	}
	return text[:end], text[end:]
}

// redirectsToFolder reports whether nginx may send a client to the same path with a
// slash, as it does for a prefix location that passes requests on.
func (r *router) redirectsToFolder(in *Block, uri string) bool {
	return !r.work.Take(len(in.Children)) || slices.ContainsFunc(in.Children, func(b *Block) bool {
		if b.Context != catalog.Location {
			return false
		}
		_, pattern := b.Location()
		if pattern == uri+"/" {
			if pass, _, known := handler(b); !known || !pass.IsZero() {
				return true
			}
		}
		return r.redirectsToFolder(b, uri)
	})
}

// Document is where nginx looks for what a path names in a block: the absolute
// folder that is its root, and the path below that. ok is false where it depends
// on something not known, as a relative root does, and for an alias.
func (b *Block) Document(uri string) (root, name string, ok bool) {
	v, aliased := b.Root()
	root = path.Clean(v.Arg(0))
	return root, uri, v.Explicit() && path.IsAbs(root) && !aliased && !b.Missing
}
