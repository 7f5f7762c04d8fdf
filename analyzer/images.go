package analyzer

import (
	"maps"
	"path"
	"slices"
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/diag"
	"nginx-lint/analyzer/fpm"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// imageFile is a file that an image brings; nil where what it holds is not known.
func (p *project) imageFile(img *compose.Image, name string) *file {
	if img == nil {
		return nil
	}
	text, ok := img.Files(compose.UnknownSide)[name]
	if !ok {
		return nil
	}
	return p.files.put(source.NewFile("stock:"+path.Base(name), text))
}

// loadImageMains reads the nginx.conf of nginx's image as the main file of the
// services that put files into the conf.d that it includes. note is told of each.
func (p *project) loadImageMains(budget *nginx.Budget, note func(*nginx.Config)) {
	same := map[string]*nginx.Config{}
	for _, s := range p.services.all {
		if p.services.left -= s.view.Size(); p.services.left < 0 {
			return
		}
		if !s.view.OwnMain() {
			continue
		}
		img := s.view.Image
		places, _ := s.view.Listing(path.Dir(img.Config)+"/conf.d", "*.conf")
		var names []string
		for name, at := range places {
			if at.Kind == compose.File {
				names = append(names, name+"="+at.Path)
			}
		}
		if p.services.left -= s.view.Size() * len(places); p.services.left < 0 || len(names) == 0 {
			continue
		}
		slices.Sort(names)
		release := img.Release(s.BaseImage())
		key := release + "\n" + strings.Join(names, "\n")
		if c := same[key]; c != nil { // the same in another service, or another project
			p.services.nginx[c] = append(p.services.nginx[c], s)
			continue
		}
		_, first, _ := strings.Cut(names[0], "=")
		r := &reader{p: p, main: first, image: "nginx.conf of the image of service " + s.Name, confs: nginxPrefixes, view: s.view, configDir: path.Dir(img.Config)}
		version := p.opts.NginxVersion
		if v, err := catalog.ParseVersion(release); err == nil && version.IsZero() {
			version = v
		}
		c := nginx.Load(p.files.tree(p.imageFile(img, img.Config)), version, r, budget)
		same[key] = c
		p.services.nginx[c] = []service{s}
		note(c)
		p.addMain(c)
	}
}

// iniDir is where the php images read php.ini, and in its conf.d what is beside it.
const iniDir = "/usr/local/etc/php"

// imagePHP reads what PHP-FPM reads of php.ini in the containers of a service; nil
// where that is not to be told. The images have no php.ini, and what they put into
// conf.d loads extensions, says how these work and what is logged: all that matters
// here is what the tree puts there.
func (p *project) imagePHP(s service, master string) *fpm.PHPINI {
	if !slices.Contains([]string{"php", "wordpress", "drupal"}, s.view.Image.Name) || !s.view.OwnINI() {
		return nil
	}
	ini := &fpm.PHPINI{Main: true}
	read := func(at compose.Place) (f *syntax.INI, is bool) {
		switch at.Kind {
		case compose.File:
			return p.phpFile(at.Path, master+" in the containers of "+s.Name)
		case compose.Own, compose.Nothing, compose.Folder:
			return nil, false
		case compose.Unknown, compose.Text:
		}
		return nil, true
	}
	for _, name := range phpININames {
		if f, is := read(s.view.At(path.Join(iniDir, name))); is {
			ini.Files = []*syntax.INI{f}
			break
		}
	}
	if len(ini.Files) == 0 {
		ini.Files = []*syntax.INI{syntax.ParsePHPINI(source.NewFile("stock:php.ini", ""))}
	}
	places, complete := s.view.Listing(iniDir+"/conf.d", "*.ini")
	for _, name := range slices.Sorted(maps.Keys(places)) {
		if f, is := read(places[name]); is {
			ini.Files = append(ini.Files, f)
		}
	}
	if !complete {
		ini.Files = append(ini.Files, nil)
	}
	return ini
}

// written leaves out of a chain of includes the files that an image brings.
func written(chain []source.Span) []source.Span {
	return slices.DeleteFunc(chain, func(at source.Span) bool { return standIn(at.File.Path) })
}

// withoutImages writes labels that lie in a file which an image brings as notes:
// there is no such file to show.
func withoutImages(labels []diag.Label) []diag.Label {
	for i, l := range labels {
		if l.Span.File != nil && standIn(l.Span.File.Path) {
			labels[i] = diag.Label{Text: l.Text + ": " + strings.TrimSpace(l.Span.Text()) + ", in the image's own " + path.Base(strings.TrimPrefix(l.Span.File.Path, "stock:"))}
		}
	}
	return labels
}
