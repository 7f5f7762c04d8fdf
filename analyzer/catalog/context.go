package catalog

import (
	"slices"
	"strings"
)

// A Context is a set of places where a directive may stand.
type Context uint32

// The contexts. A block that opens one of them is listed by Opens.
const (
	Main Context = 1 << iota
	Events
	HTTP
	Server
	Location
	IfInServer
	IfInLocation
	LimitExcept
	Upstream
	Stream
	StreamServer
	StreamUpstream
	Mail
	MailServer
	RTMP            // module rtmp
	RTMPServer      // module rtmp
	RTMPApplication // module rtmp
	RTMPRecorder    // module rtmp
	OtelExporter    // module otel
	ACMEIssuer      // module acme
	Mgmt            // commercial nginx
	OIDCProvider    // commercial nginx
	// Rows is the inside of a block whose lines are data and no directives
	// (types, map, geo, split_clients, charset_map …). No directive has it:
	// such blocks have their own rules for "include" and "default".
	Rows

	// Any is every context that holds directives ("include" stands in all of them).
	Any = Rows - 1
)

// The contexts of one subsystem, its variables are valid in all of them.
const (
	AnyHTTP   = HTTP | Server | Location | IfInServer | IfInLocation | LimitExcept | Upstream
	AnyStream = Stream | StreamServer | StreamUpstream
	AnyMail   = Mail | MailServer
)

var contextNames = [...]string{
	"main", "events", "http", "server", "location", "if in server", "if in location", "limit_except", "upstream",
	"stream", "stream server", "stream upstream", "mail", "mail server",
	"rtmp", "rtmp server", "rtmp application", "rtmp recorder", "otel_exporter", "acme_issuer", "mgmt", "oidc_provider",
	"rows",
}

// String names the contexts of the set in a fixed order, separated by ", ":
// "http, server, if in location". Any is "any", the empty set "none".
func (c Context) String() string {
	if c == 0 {
		return "none"
	}
	if c == Any {
		return "any"
	}
	var names []string
	for i, n := range contextNames {
		if c&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return strings.Join(names, ", ")
}

// ContextNames are the names of the contexts that hold directives.
func ContextNames() []string { return contextNames[:len(contextNames)-1] }

// ContextNamed is the context of that name.
func ContextNamed(name string) (Context, bool) {
	i := slices.Index(ContextNames(), name)
	return 1 << max(i, 0), i >= 0
}

// A step says that the block of a directive leads from one context to another.
type step struct {
	name     string
	in, into Context
}

// steps is sorted by name. Blocks that hold Lua code are not in it, nor are
// blocks of releases before Oldest.
var steps = [...]step{
	{"acme_issuer", HTTP, ACMEIssuer},
	{"application", RTMPServer, RTMPApplication},
	{"charset_map", HTTP, Rows},
	{"events", Main, Events},
	{"geo", HTTP | Stream, Rows},
	{"geoip2", HTTP | Stream, Rows},
	{"http", Main, HTTP},
	{"if", Server, IfInServer},
	{"if", Location, IfInLocation},
	{"limit_except", Location, LimitExcept},
	{"location", Server | Location, Location},
	{"mail", Main, Mail},
	{"map", HTTP | Stream, Rows},
	{"match", HTTP | Stream, Rows},
	{"mgmt", Main, Mgmt},
	{"num_map", HTTP | Stream, Rows},
	{"oidc_provider", HTTP, OIDCProvider},
	{"otel_exporter", HTTP, OtelExporter},
	{"recorder", RTMPApplication, RTMPRecorder},
	{"rtmp", Main, RTMP},
	{"server", HTTP, Server},
	{"server", Stream, StreamServer},
	{"server", Mail, MailServer},
	{"server", RTMP, RTMPServer},
	{"split_clients", HTTP | Stream, Rows},
	{"stream", Main, Stream},
	{"types", HTTP | Server | Location, Rows},
	{"upstream", HTTP, Upstream},
	{"upstream", Stream, StreamUpstream},
}

// Opens gives the context inside the block of the named directive when that
// stands in the given context; of a set of contexts, all that it may lead to.
// It is false for what opens no block there, for blocks of code (*_by_lua_block)
// and for blocks nobody knows.
func Opens(name string, in Context) (Context, bool) {
	var into Context
	for i := range steps {
		if s := &steps[i]; s.name == name && s.in&in != 0 {
			into |= s.into
		}
	}
	return into, into != 0
}
