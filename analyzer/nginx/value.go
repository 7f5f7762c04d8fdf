package nginx

import (
	"strings"
	"time"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/syntax"
)

// Origin says where a value in force comes from.
type Origin uint8

// The origins. The zero value is invalid.
const (
	// Here: a directive in the block itself.
	Here Origin = iota + 1
	// Outer: inherited from an enclosing block.
	Outer
	// Default: nginx's own default, the same in all versions that may run it.
	Default
	// Absent: not set, and nginx has no default.
	Absent
	// Unknown: a missing include, an unread outer block, a template or an unknown version hides it.
	Unknown
)

// A Value is what is in force in a block, and why.
type Value struct {
	Origin Origin
	// Args are the arguments as written, or the default's.
	Args []string
	// From is the directive that sets it; zero for defaults.
	From Ref
	// In is the block that From stands in; nil for defaults.
	In *Block
	// Unset is set where certainly nobody wrote a value, also where the default
	// is Unknown because it follows other values, the machine or the version.
	Unset bool
}

// Known reports whether the value is certain (it may be Absent).
func (v Value) Known() bool { return v.Origin != Unknown && v.Origin != 0 }

// Explicit reports whether somebody wrote it.
func (v Value) Explicit() bool { return v.Origin == Here || v.Origin == Outer }

// Arg is the i-th argument; "" when there is none.
func (v Value) Arg(i int) string {
	if i < len(v.Args) {
		return v.Args[i]
	}
	return ""
}

// Value is the effective value of a directive that has one value per block
// (inheritance "merge" in the catalogue): the innermost one wins. A second one
// in the same block makes nginx refuse the file, so a missing include hides
// only what is not set beside it.
func (b *Block) Value(name string) Value {
	from, in, unset := b.from(name)
	switch {
	case unset:
		return b.fallback(name)
	case in == nil:
		return Value{Origin: Unknown}
	}
	v := Value{Origin: Outer, From: from, In: in, Args: from.Args()}
	if in == b {
		v.Origin = Here
	}
	for _, arg := range v.Args {
		if Opaque(arg) || strings.Contains(arg, "$") {
			v.Origin = Unknown
		}
	}
	return v
}

// From is what Value says of who wrote the value: the directive, zero where there is
// none or it is not known; unset reports that certainly nobody did.
func (b *Block) From(name string) (from Ref, unset bool) {
	from, _, unset = b.from(name)
	return from, unset
}

func (b *Block) from(name string) (from Ref, in *Block, unset bool) {
	hash := syntax.HashName(name)
	if b.Config.allRead && !b.Config.names.mayHave(hash) {
		return Ref{}, nil, true
	}
	for at := b; at != nil; at = at.Parent {
		if last := at.lastHashed(name, hash); !last.IsZero() {
			return last, at, false
		}
		if at.Missing || (at.Parent == nil && b.Config.Fragment) {
			return Ref{}, nil, false
		}
	}
	return Ref{}, nil, true
}

func (b *Block) fallback(name string) Value {
	v := Value{Origin: Unknown, Unset: true}
	entry, ok := catalog.Lookup(name, b.Context)
	for at := b.Parent; !ok && at != nil; at = at.Parent {
		entry, ok = catalog.Lookup(name, at.Context) // in force in an `if`, but not allowed there
	}
	if !ok {
		return v
	}
	text, ok, unknown := entry.DefaultAt(b.Config.Version)
	switch {
	case unknown:
	case !ok:
		v.Origin = Absent
	default:
		v.Origin, v.Args = Default, catalog.Words(text)
	}
	return v
}

// Duration reads the value as a time.
func (v Value) Duration() (time.Duration, bool) {
	if !v.Known() || len(v.Args) != 1 {
		return 0, false
	}
	return ParseTime(v.Args[0])
}

// ListOf is List for directives that say with their first argument what they are
// about: those whose first argument is that, whatever its case.
func (b *Block) ListOf(name, first string) (refs []Ref, known bool) {
	all, in, known := b.List(name)
	if len(all) > small {
		all = in.ownOf(name, first)
	}
	for _, r := range all {
		if strings.EqualFold(r.Arg(0), first) {
			refs = append(refs, r)
		}
	}
	return refs, known
}

// List are the directives in force of a kind that is replaced as a whole by
// any one of its own in an inner block (inheritance "list" in the catalogue),
// with the block they stand in. known is false where a missing include or an
// unread outer block could add to them or replace them.
func (b *Block) List(name string) (refs []Ref, in *Block, known bool) {
	hash := syntax.HashName(name)
	if b.Config.allRead && !b.Config.names.mayHave(hash) {
		return nil, nil, true
	}
	for at := b; at != nil; at = at.Parent {
		own := at.ownHashed(name, hash)
		if at.Missing || (at.Parent == nil && b.Config.Fragment) {
			return own, at, false
		}
		if len(own) > 0 {
			return own, at, true
		}
	}
	return nil, nil, true
}
