package nginx

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/nginx/stock"
)

// A Param is one fastcgi_param in force. Its Ref says where it comes from.
type Param struct{ Ref }

// Key is the name that it is sent by.
func (p Param) Key() string { return p.Arg(0) }

// Value is what is sent, as it is written; "" for the zero Param.
func (p Param) Value() string {
	if p.IsZero() {
		return ""
	}
	return p.Arg(1)
}

// IfNotEmpty reports whether nginx leaves it out when its value is empty.
func (p Param) IfNotEmpty() bool { return p.Arg(2) == "if_not_empty" }

// StandIn reports whether it comes from our own copy of a stock file.
func (p Param) StandIn() bool {
	for place := p.Place; place != nil; place = place.Parent {
		if place.StandIn {
			return true
		}
	}
	return false
}

// Params are the FastCGI parameters in force in a block.
type Params struct {
	// All are in the order in which nginx sends them; several may have one name.
	All []Param
	// In is the block that they stand in; nil where there are none.
	In *Block
	// Known is false where there may be others.
	Known bool

	// byKey finds them, and standIns are the files that stand in, where there are many.
	byKey    map[string][]Param
	standIns []*Placement
}

// FastCGIParams are the parameters that a fastcgi_pass in the block sends: those
// of the innermost block that has any, and none from further out. An `if` has
// none of its own: it sends those of its location.
func (b *Block) FastCGIParams() Params {
	if params := b.params.Load(); params != nil {
		return *params
	}
	refs, in, known := b.List("fastcgi_param")
	if len(refs) == 0 {
		return Params{Known: known}
	}
	if params := in.params.Load(); params != nil {
		b.params.Store(params)
		return *params
	}
	params := newParams(refs, in, known)
	if len(refs) > small {
		params.byKey = map[string][]Param{}
		for _, param := range params.All {
			params.byKey[param.Key()] = append(params.byKey[param.Key()], param)
		}
		params.standIns = params.findStandIns()
	}
	in.params.Store(&params)
	b.params.Store(&params)
	return params
}

func newParams(refs []Ref, in *Block, known bool) Params {
	params := Params{All: make([]Param, len(refs)), In: in, Known: known}
	for i, r := range refs {
		params.All[i] = Param{r}
		params.Known = params.Known && !Opaque(r.Arg(0))
	}
	return params
}

// Get is the parameter of a name that PHP sees: of several it takes the last that
// is sent, and case matters (measured on PHP-FPM 8.2). known is false where that
// depends on a request, on the release that a stock file is from, or on what was
// not read.
func (p Params) Get(name string) (param Param, set, known bool) {
	known = p.Known && !p.varies(name)
	all := p.All
	if p.byKey != nil {
		all = p.byKey[name]
	}
	for _, param := range slices.Backward(all) {
		if param.Key() != name || param.IfNotEmpty() && param.Value() == "" {
			continue
		}
		return param, true, known && (!param.IfNotEmpty() || !strings.Contains(param.Value(), "$"))
	}
	return Param{}, false, known
}

// Has reports whether one of the parameters has a name, whatever PHP sees of it.
func (p Params) Has(name string) bool {
	if p.byKey != nil {
		return len(p.byKey[name]) > 0
	}
	return slices.ContainsFunc(p.All, func(param Param) bool { return param.Key() == name })
}

// Lacks reports whether no parameter of the name is sent, for certain.
func (p Params) Lacks(name string) bool {
	_, set, known := p.Get(name)
	return !set && known
}

// Script is the parameter that PHP takes the script's path from: SCRIPT_FILENAME
// or, where none is sent, PATH_TRANSLATED (measured on PHP-FPM 8.2).
func (p Params) Script() (param Param, known bool) {
	param, set, known := p.Get("SCRIPT_FILENAME")
	if !set && known {
		param, set, known = p.Get("PATH_TRANSLATED")
	}
	return param, set && known
}

// varies reports whether the releases of a stock file that is stood in for set a name differently.
func (p Params) varies(name string) bool {
	standIns := p.standIns
	if p.byKey == nil {
		standIns = p.findStandIns()
	}
	return slices.ContainsFunc(standIns, func(place *Placement) bool {
		return slices.Contains(stock.Varies(place.Parent.Tree.Arg(place.At, 0)), name)
	})
}

// findStandIns are the stock files that are stood in for. Of one that is included
// again and again the first few are all that count.
func (p Params) findStandIns() (found []*Placement) {
	var last *Placement
	for _, param := range p.All {
		place := param.Place
		if place != last && place.StandIn && len(found) < small {
			found = append(found, place)
		}
		last = place
	}
	return found
}

// paramsFile is the file of the usual parameters in each nginx package. The
// script is not among them.
const paramsFile = "fastcgi_params"

// UsualParams are lines that set the usual parameters but for the script: an
// include where it leads to a file, or else each of them.
func (c *Config) UsualParams() []string {
	if c.hasParams {
		return []string{"include " + paramsFile + ";"}
	}
	var lines []string
	text, _ := stock.Lookup(paramsFile)
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// Root is what is in force of root and alias, which replace each other; alias
// says which of the two it is.
func (b *Block) Root() (v Value, alias bool) {
	v = b.Value("root")
	if a := b.Value("alias"); a.In != nil && (v.In == nil || a.In.Within(v.In)) {
		return a, true
	}
	return v, false
}

// A Path is where the file lies that a parameter names, as far as it is written.
type Path struct {
	// Base is absolute: the file itself, or a folder that it lies in.
	Base string
	// File is set where Base is the file.
	File bool
	// From is the directive that Base is written in: the parameter, or a root or alias.
	From Ref
}

// Path reads the value of a parameter that is sent from the block as a path: a
// literal, or what root or alias say, and then what the request asks for. ok is
// false where that is not known, or depends on other variables.
func (b *Block) Path(p Param) (at Path, ok bool) {
	at.From = p.Ref
	base, rest := "", unbraced.Replace(p.Value())
	for _, variable := range []string{"$document_root", "$realpath_root", "$request_filename"} {
		after, found := strings.CutPrefix(rest, variable)
		if !found {
			continue
		}
		root, alias := b.Root()
		base, at.From = root.Arg(0), root.From
		if !root.Explicit() || alias && !strings.HasSuffix(base, "/") {
			return at, false // alias may name a file, or a part of a name
		}
		if rest = after; variable == "$request_filename" {
			rest = "$uri"
		}
		break
	}
	literal, variables := rest, ""
	if i := strings.IndexByte(rest, '$'); i >= 0 {
		literal, variables = rest[:i], rest[i:]
	}
	at.Base, at.File = path.Clean(base+literal), variables == ""
	return at, strings.HasPrefix(base+literal, "/") && !Opaque(p.Value()) && (at.File || fromRequest().MatchString(variables))
}

// unbraced writes `${name}` as `$name`.
var unbraced = strings.NewReplacer("${", "$", "}", "")

// fromRequest matches what begins with a variable whose value always begins with a slash.
var fromRequest = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^\$(fastcgi_script_name|uri|document_uri|request_uri)\b`)
})
