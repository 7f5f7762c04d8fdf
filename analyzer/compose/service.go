package compose

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Runs is the program that a service certainly runs, alone of those that are told
// apart; 0 where it may run another, or several.
func (v *View) Runs() Program {
	s := v.Service
	if v.Image == nil || s.Unknown {
		return 0
	}
	starts := func(c *Command) bool { return slices.Contains(v.Image.Starts, c.program()) }
	if d := s.Dockerfile; d != nil && (d.Unknown || v.installs(d)) {
		return 0
	}
	entrypoint, command := v.starts()
	if entrypoint != nil && !starts(entrypoint) || entrypoint == nil && command != nil && !starts(command) {
		return 0
	}
	for _, m := range v.mounts {
		if _, hooked := below("/docker-entrypoint.d", m.Target); hooked || strings.HasPrefix(m.Target.Text, "/docker-entrypoint.d") {
			return 0 // what nginx's image runs before nginx
		}
	}
	return v.Image.Program
}

// others are programs that are none of the servers, nor start one.
var others = []string{"php", "composer", "artisan", "console", "wp", "drush", "occ", "cron", "crond", "cron.sh", "sleep", "tail", "node", "npm", "yarn", "true"}

// StartsOther reports whether the command of a service starts no server of its image.
func (v *View) StartsOther() bool {
	entrypoint, command := v.starts()
	if entrypoint != nil {
		command = entrypoint
	}
	return slices.Contains(others, command.program())
}

// OwnMain reports whether a service certainly starts nginx with the nginx.conf that
// its image brings, and with nothing in conf.d but what is copied or mounted there.
func (v *View) OwnMain() bool {
	if v.Runs() != Nginx || v.unsure || v.Image.Files(UnknownSide) == nil || v.At(v.Image.Config).Kind != Own || v.Changed("/etc/nginx/templates") {
		return false
	}
	return !slices.ContainsFunc(v.words(), func(word string) bool {
		return strings.HasPrefix(word, "-c") || strings.HasPrefix(word, "-p") ||
			strings.Contains(word, ";") && strings.TrimPrefix(word, "daemon ") != "off;"
	})
}

// starts are the entrypoint and the command of a service, as far as they are written.
func (v *View) starts() (entrypoint, command *Command) {
	entrypoint, command = v.Service.Entrypoint, v.Service.Command
	if d := v.Service.Dockerfile; d != nil {
		if command == nil && entrypoint == nil {
			command = d.Command
		}
		if entrypoint == nil {
			entrypoint = d.Entrypoint
		}
	}
	return entrypoint, command
}

// words are those that the command and the entrypoint of a service are written with.
func (v *View) words() []string {
	entrypoint, command := v.starts()
	var words []string
	for _, c := range []*Command{entrypoint, command} {
		if c != nil {
			for _, word := range c.Words { // one for a shell has several
				for part := range strings.FieldsSeq(word) {
					words = append(words, strings.Trim(part, `"'`))
				}
			}
		}
	}
	return words
}

// OwnConfig reports whether no argument of PHP-FPM names another php-fpm.conf than the image's.
func (v *View) OwnConfig() bool {
	return !slices.ContainsFunc(v.words(), func(word string) bool {
		return strings.HasPrefix(word, "-y") || strings.HasPrefix(word, "--fpm-config")
	})
}

// OwnPorts reports whether no argument and no variable tells the program of an image
// to listen elsewhere than it does by itself.
func (v *View) OwnPorts() bool {
	for _, name := range v.Image.Listen {
		if _, set, known := v.Service.Setting(name); set || !known {
			return false
		}
	}
	if v.Image.Program == FPM {
		return v.OwnConfig()
	}
	return !slices.ContainsFunc(v.words(), func(word string) bool { return strings.HasPrefix(word, "-") && word != "-c" })
}

// OwnINI reports whether PHP-FPM certainly looks for php.ini where its image does,
// and takes no settings from its arguments.
func (v *View) OwnINI() bool {
	for _, name := range []string{"PHPRC", "PHP_INI_SCAN_DIR"} {
		if _, set, known := v.Service.Setting(name); set || !known {
			return false
		}
	}
	return v.Runs() == FPM && !v.unsure && !slices.ContainsFunc(v.words(), func(word string) bool {
		return strings.HasPrefix(word, "-c") || strings.HasPrefix(word, "-d") || strings.HasPrefix(word, "-n") || strings.HasPrefix(word, "--")
	})
}

// installs reports whether a Dockerfile brings another of the programs into the image.
func (v *View) installs(d *Dockerfile) bool {
	others := []string{"supervisor", "s6-overlay", "runit", "nginx"}
	if v.Image.Program != FPM {
		others = []string{"supervisor", "s6-overlay", "runit", "php", "fpm"}
	}
	for _, r := range d.Runs {
		text := strings.ToLower(r.Text)
		for _, o := range others {
			if strings.Contains(text, o) {
				return true
			}
		}
	}
	return slices.ContainsFunc(d.Copies, func(c Copy) bool { return strings.HasPrefix(c.Target.Text, "/docker-entrypoint.d") })
}

// Root reports whether a service certainly starts its program as root, as the
// images that are known do.
func (v *View) Root() bool {
	user := v.Service.User
	written := user.Text
	if d := v.Service.Dockerfile; d != nil && user.Text == "" {
		written = d.User
	}
	name, _, _ := strings.Cut(written, ":")
	return v.Image != nil && user.Known && !v.Service.Unknown && (name == "" || name == "root" || name == "0")
}

// users are the commands that give users and groups other numbers, or make new ones.
var users = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\b(usermod|groupmod|useradd|adduser|groupadd|addgroup|deluser|delgroup|userdel|groupdel)\b|/etc/(passwd|group)\b`)
})

// OwnUsers reports whether the users of a service are those of its image, and no others.
func (v *View) OwnUsers() bool {
	if v.Image == nil || v.unsure || v.adrift || v.Changed("/etc/passwd") || v.Changed("/etc/group") {
		return false
	}
	d := v.Service.Dockerfile
	return d == nil || !slices.ContainsFunc(d.Runs, func(r Run) bool { return users().MatchString(r.Text) })
}

// Names are those that other services on a network of it find a service by;
// known is false where it has one that is not to be seen.
func (p *Project) Names(s *Service) (names []string, known bool) {
	known = !s.Unknown
	add := func(v Value) {
		known = known && v.Known
		if v.Text != "" && v.Known {
			names = append(names, strings.ToLower(v.Text))
		}
	}
	names = append(names, strings.ToLower(s.Name))
	add(s.ContainerName)
	add(s.Hostname)
	for _, a := range s.Networks {
		for _, alias := range a.Aliases {
			add(alias)
		}
	}
	return names, known
}

// Namespace is the service whose network a service uses: mostly itself. It is nil
// for the network of the machine or of a container elsewhere.
func (p *Project) Namespace(s *Service) *Service {
	for range maxExtends {
		mode := s.NetworkMode
		name, of := strings.CutPrefix(mode.Text, "service:")
		switch {
		case !mode.Known:
			return nil
		case of:
			if s = p.Service(name); s == nil {
				return nil
			}
		case mode.Text == "" || mode.Text == "bridge":
			return s
		default: // host, none, container:x
			return nil
		}
	}
	return nil
}

// networks are the names of the networks that a service is on.
func networks(s *Service) []string {
	if len(s.Networks) == 0 {
		return []string{"default"}
	}
	var names []string
	for _, a := range s.Networks {
		names = append(names, a.Name)
	}
	return names
}

// Connected reports whether two services share a network, so that one finds the other by name.
func (p *Project) Connected(a, b *Service) bool {
	na, nb := networks(a), networks(b)
	return slices.ContainsFunc(na, func(name string) bool { return slices.Contains(nb, name) })
}

// Resolve is which services a name leads to from within a service. known is false
// where the name may lead elsewhere: to what another project or the machine
// brings to a network, or to a service of a file beside.
func (p *Project) Resolve(from *Service, name string) (to []*Service, known bool) {
	name = strings.ToLower(name)
	host := p.Namespace(from)
	if host == nil || p.Open || host.Unknown {
		return nil, false
	}
	known = true
	for _, attached := range networks(host) {
		if n := p.Networks[attached]; n != nil && n.External {
			known = false
		}
	}
	for _, v := range slices.Concat(host.Links, host.ExternalLinks, host.ExtraHosts) {
		service, alias, aliased := strings.Cut(v.Text, ":")
		known = known && v.Known
		switch {
		case !aliased && strings.EqualFold(service, name), aliased && strings.EqualFold(alias, name):
			if s := p.Service(service); s != nil {
				return []*Service{s}, true
			}
			return nil, false
		}
	}
	known = known && len(host.ExternalLinks) == 0
	others := false
	for _, s := range p.Services {
		names, all := p.Names(s)
		known = known && all
		if slices.Contains(names, name) && p.Namespace(s) == s {
			if p.Connected(host, s) {
				to = append(to, s)
			}
			others = true
		}
	}
	if len(to) == 0 && !others && (p.Others[name] || slices.ContainsFunc(p.Services, func(s *Service) bool { return generated(name, s.Name) })) {
		known = false
	}
	return to, known
}

// generated reports whether a name is one that docker may make of a service's: that
// of a container, PROJECT-SERVICE-1 (PROJECT_SERVICE_1 by older releases), or of a
// service in a stack of a swarm, STACK_SERVICE.
func generated(name, service string) bool {
	end := strings.TrimRight(name, "0123456789")
	if end != name {
		name = strings.TrimRight(end, "-_")
	}
	rest, ok := strings.CutSuffix(name, strings.ToLower(service))
	return ok && (len(rest) > 1 && strings.HasSuffix(rest, "_") || end != name && len(rest) > 1 && strings.HasSuffix(rest, "-"))
}

// HostMode reports whether a service uses the network of the machine.
func (s *Service) HostMode() bool { return s.NetworkMode.Text == "host" }

// ConfigDir is the folder of a service's nginx configuration.
func ConfigDir(target string) (dir string, ok bool) {
	for _, dir := range []string{"/etc/nginx", "/usr/local/openresty/nginx/conf", "/usr/local/nginx/conf", "/opt/bitnami/nginx/conf", "/config/nginx"} {
		if source := path.Clean(target); strings.HasPrefix(source, dir+"/") {
			return dir, true
		}
	}
	return "", false
}
