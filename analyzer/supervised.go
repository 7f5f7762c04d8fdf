package analyzer

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/gunicorn"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/stack"
	"nginx-lint/analyzer/supervisord"
	"nginx-lint/analyzer/uwsgi"
)

// supervisedListeners are what gunicorn and uWSGI listen on that a supervisord
// starts in the containers of a project. It notes the services of which nginx and
// PHP-FPM are all that can listen.
func (p *project) supervisedListeners(in *stack.Containers) []*stack.Listener {
	var found []*stack.Listener
	for _, s := range p.services.all {
		if s.project != in.Project || s.Unknown {
			continue
		}
		programs, complete := p.supervised(s)
		plain := complete
		for _, program := range programs {
			if program.Off {
				continue
			}
			plain = plain && plainServer(program)
			none := func(string) (*source.File, bool) { return nil, false }
			b, listeners, ok := gunicorn.Read(gunicorn.Start{Words: program.Words, Dir: program.Dir, Environment: true, Open: none})
			if !ok {
				b, listeners, ok = uwsgi.Command(program.Words, program.Dir, func(string) *source.File { return nil })
			}
			if !ok {
				continue
			}
			b.Complete = false // other programs run beside it
			for _, l := range listeners {
				l.Service = s.Service
				found = append(found, l)
			}
		}
		if plain {
			in.Supervised[s.Service] = true
		}
	}
	return found
}

// fpmProgram matches the names of PHP-FPM's program.
var fpmProgram = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^php[0-9.]*-fpm[0-9.]*$`) })

// plainServer reports whether a program is nginx, PHP-FPM, or one that listens nowhere.
func plainServer(program supervisord.Program) bool {
	if len(program.Words) == 0 || !program.Words[0].Known {
		return false
	}
	name := path.Base(program.Words[0].Text)
	return slices.Contains([]string{"nginx", "cron", "crond"}, name) || fpmProgram().MatchString(name)
}

// supervised are the programs that the supervisord of a container starts, none
// where its command starts another program. complete is false where there may be more.
func (p *project) supervised(s service) (programs []supervisord.Program, complete bool) {
	words, known := startWords(s.Service)
	if !known || len(words) == 0 || path.Base(words[0]) != "supervisord" {
		return nil, false
	}
	main := ""
	for i, w := range words {
		switch value, is := strings.CutPrefix(w, "--configuration="); {
		case is:
			main = value
		case (w == "-c" || w == "--configuration") && i+1 < len(words):
			main = words[i+1]
		}
	}
	places := []string{"/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"}
	if complete = path.IsAbs(main); complete { // otherwise it looks in other places too
		places = []string{main}
	} else if main != "" {
		return nil, false
	}
	for _, name := range places {
		f := p.inView(s, s.view.At(name))
		if f == nil {
			continue
		}
		c := supervisord.Read(f)
		programs, complete = c.Programs, complete && !c.More
		slices.Sort(c.Includes)
		for i, pattern := range slices.Compact(c.Includes) {
			if i == maxIncludes {
				return programs, false
			}
			if !path.IsAbs(pattern) {
				pattern = path.Join(path.Dir(name), pattern)
			}
			more, all := p.supervisedIn(s, pattern)
			programs, complete = append(programs, more...), complete && all
		}
		return programs, complete
	}
	if main != "" {
		return nil, false
	}
	// Debian's own file, which the tree does not hold, includes these.
	programs, _ = p.supervisedIn(s, "/etc/supervisor/conf.d/*.conf")
	return programs, false
}

// maxIncludes is how many patterns of a supervisord's includes are looked for.
const maxIncludes = 100

// supervisedIn are the programs of the files that an include of a container's supervisord means.
func (p *project) supervisedIn(s service, pattern string) (programs []supervisord.Program, complete bool) {
	dir := path.Dir(pattern)
	if source.HasGlob(dir) {
		return nil, false
	}
	places, complete := s.view.Listing(dir, path.Base(pattern))
	names := make([]string, 0, len(places))
	for name := range places {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		f := p.inView(s, places[name])
		if f == nil {
			complete = complete && places[name].Kind == compose.Nothing
			continue
		}
		c := supervisord.Read(f)
		programs, complete = append(programs, c.Programs...), complete && !c.More
	}
	return programs, complete
}

// inView is the file of the tree that lies at a place of a container; nil where none does.
func (p *project) inView(s service, at compose.Place) *source.File {
	if at.Kind != compose.File {
		return nil
	}
	f := p.files.get(at.Path)
	if p.files.short(f) == nil {
		return nil
	}
	f.foreign = supervisordOutline
	p.wanted(f, "supervisord's configuration in the containers of "+s.Name)
	return f.src
}

// startWords are the words of what a service runs. known is false where a shell or
// a variable has a say.
func startWords(s *compose.Service) (words []string, known bool) {
	for _, c := range startOf(s) {
		if !c.Known {
			return nil, false
		}
		for _, text := range c.Words {
			if strings.ContainsAny(text, "\"'`;|&<>()\\\n$") {
				return nil, false
			}
			words = append(words, strings.Fields(text)...)
		}
	}
	for len(words) > 0 && slices.Contains([]string{"exec", "tini", "dumb-init", "--"}, path.Base(words[0])) {
		words = words[1:]
	}
	return words, true
}
