package fpm

import (
	"strings"
	"sync"

	"nginx-lint/analyzer/syntax"
)

// A PHPINI is what a master has read before its pools: php.ini and the files of
// the scan directory behind it, each of which goes before those read earlier.
type PHPINI struct {
	// Files are in order of reading; nil stands for what could not be read.
	Files []*syntax.INI
	// Main is set where php.ini itself is among them: it is the first.
	Main bool

	found sync.Map // what ini has said, by setting
}

type found struct {
	settings []Setting
	known    bool
}

// ini lists what the files say about a setting, the one in force first. known is
// false where something that was not read, or not up to its end, may say otherwise.
func (i *PHPINI) ini(name string) (settings []Setting, known bool) {
	if i == nil {
		return nil, false
	}
	answer, again := i.found.Load(name)
	if !again {
		settings, known := i.find(name)
		answer, _ = i.found.LoadOrStore(name, found{settings, known})
	}
	f := answer.(found) //nolint:forcetypeassert // nothing else is stored
	return f.settings, f.known
}

func (i *PHPINI) find(name string) (settings []Setting, known bool) {
	known = i.Main
	for n, f := range i.Files {
		if f == nil {
			known = false
			continue
		}
		layer := ScanLayer
		if i.Main && n == 0 {
			layer = INILayer
		}
		found, certain := fileSettings(f, name, layer)
		settings = append(settings, found...)
		switch {
		case !certain:
			known = false
		case len(found) > 0:
			known = true
		}
	}
	return reversed(settings), known
}

// FileSettings lists what a file that is read like php.ini says about a setting,
// the one in force first. certain is false where that depends on what PHP does
// with a mistake, on the path of the script or the name of the host, or where the
// value is none.
func FileSettings(f *syntax.INI, name string, layer Layer) (settings []Setting, certain bool) {
	found, certain := fileSettings(f, name, layer)
	return reversed(found), certain
}

func fileSettings(f *syntax.INI, name string, layer Layer) (settings []Setting, certain bool) {
	certain = len(f.Errors) == 0
	special := false
	for i := range f.Lines {
		e := &f.Lines[i]
		switch {
		case e.Kind == syntax.Section:
			special = special || isSpecial(e.Name)
			certain = certain && e.Known
		case e.Null || e.Name != name:
		case special || e.Kind == syntax.Item:
			certain = false
		default:
			settings = append(settings, Setting{Layer: layer, Text: e.Value, Known: e.Known, Key: e.NameSpan(), Span: e.ValueSpan()})
		}
	}
	return settings, certain
}

// isSpecial reports whether a section is for one folder or host. PHP looks at
// the first letters only, and all that follows in the file belongs to it, also
// what stands behind the heads of other sections (measured on PHP 8.2).
func isSpecial(section string) bool {
	return len(section) > 4 && (strings.EqualFold(section[:4], "PATH") || strings.EqualFold(section[:4], "HOST"))
}
