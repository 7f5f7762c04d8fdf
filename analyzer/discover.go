package analyzer

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nginx-lint/analyzer/compose"
	"nginx-lint/analyzer/nginx"
	"nginx-lint/analyzer/source"
	"nginx-lint/analyzer/syntax"
)

// kind is what a file is read as.
type kind uint8

const (
	kindOther kind = iota
	kindNginxMain
	kindNginx // a file that may be included
	kindFPMMain
	kindFPMPool // a file that a main file may include
)

// maxDepth bounds how deep folders are searched.
const maxDepth = 64

// skippedFolders hold no configuration of the tree itself.
var skippedFolders = []string{".git", ".svn", ".hg", "node_modules", "vendor"}

// kernelFolders hold no files, whatever they look like.
var kernelFolders = []string{"/proc", "/sys", "/dev"}

// opened are the names of files that are looked into.
var opened = []string{"*.conf", "*.ini", "*.cnf", "*.vhost", "*.nginx", "*.template", "*.j2", "*.erb", "nginx*", "php-fpm*", "www.conf*"}

// spares are the names of copies that editors, packages and people leave beside
// what is in force: they are read where they are named or included.
var spares = []string{
	"*~", "*.bak", "*.swp", "*.orig", "*.old", "*.save", "*.disabled", "*.default", "*.dist", "*-dist", "*.sample", "*.example",
	"*.dpkg-*", "*.ucf-*", "*.rpm*",
}

// otherTexts are the names of what lies beside configuration and may quote it.
var otherTexts = []string{"*.md", "*.rst", "*.adoc", "*.sh", "*.py", "*.js", "*.php", "*.html", "*.y*ml", "*.json"}

// found is what a search of folders brings.
type found struct {
	files []string
	// spare is the first file that was passed over for the end of its name alone.
	spare string
	// targets are the files that symbolic links in the tree lead to, and that are
	// read under the links' names.
	targets map[string]bool
}

// search lists the candidate files below a folder in byte order.
func (p *project) search(dir string, into *found, depth int) error {
	entries, err := p.opts.FS.ReadDir(dir)
	if err != nil {
		return err
	}
	p.links.bounds.searched[path.Clean(dir)] = len(p.opts.Exclude) == 0
	folder := p.folderName(dir)
	for _, entry := range entries {
		name := p.short(path.Join(dir, entry.Name()))
		if p.excluded(name) {
			continue
		}
		if entry.Type().IsRegular() {
			p.note(name)
		}
		switch mode := entry.Type(); {
		case mode.IsDir():
			if slices.Contains(skippedFolders, entry.Name()) || slices.Contains(kernelFolders, p.abs(name)) || depth >= maxDepth {
				continue
			}
			if err := p.search(name, into, depth+1); err != nil {
				p.fail(name, err)
			}
		case mode&fs.ModeSymlink != 0:
			p.link(name, into)
		case !mode.IsRegular():
		case compose.IsFile(entry.Name()):
			p.composeFiles = append(p.composeFiles, name)
		case candidate(folder, entry.Name()):
			into.files = append(into.files, name)
		case into.spare == "" && isSpare(entry.Name()) && candidate(folder, strings.TrimSuffix(entry.Name(), path.Ext(entry.Name()))):
			into.spare = name
		}
	}
	return nil
}

// link takes in a symbolic link to a file, so that the file is not read a second time under its own name.
func (p *project) link(name string, into *found) {
	p.follow(name)
	info, err := p.opts.FS.Stat(name)
	if err != nil || !info.Mode().IsRegular() || !candidate(p.folderName(path.Dir(name)), path.Base(name)) {
		return
	}
	into.targets[p.links.real(name)] = true
	into.files = append(into.files, name)
}

// unitFile matches services and sockets of systemd and their drop-ins, also as
// templates that Ansible and others fill in.
var unitFile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)[^/@{}]+\.(service|socket)(\.d/[^/]+\.conf)?(\.(j2|erb|tmpl|tpl|epp))?$`)
})

// appFile matches the usual names of what gunicorn and uWSGI are configured by.
var appFile = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)(gunicorn([._-]?(conf|config|cfg))?\.py|([^/]+[._-])?uwsgi([._-][^/]+)?\.ini)$`)
})

// note notes a file that says what else listens, as its name has it.
func (p *project) note(name string) {
	switch {
	case (strings.Contains(name, ".service") || strings.Contains(name, ".socket")) && unitFile().MatchString(name):
		p.unitFiles = append(p.unitFiles, name)
	case (strings.HasSuffix(name, ".py") || strings.HasSuffix(name, ".ini")) && appFile().MatchString(name):
		p.appFiles = append(p.appFiles, name)
	}
}

// folderName is the name of a folder, also of one that is written as `.` or `..`.
func (p *project) folderName(dir string) string { return path.Base(p.abs(dir)) }

// candidate reports whether a file of that name in a folder of that name is looked into.
func candidate(folder, name string) bool {
	if isSpare(name) || matches(otherTexts, name) {
		return false
	}
	if matches(opened, name) {
		return true
	}
	return !strings.HasPrefix(name, ".") && (strings.HasPrefix(folder, "sites-") || strings.HasPrefix(folder, "nginx") || strings.HasPrefix(folder, "php-fpm") || folder == "snippets")
}

// isSpare reports whether a name is that of a copy out of use.
func isSpare(name string) bool { return matches(spares, name) }

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return source.Match(pattern, name) })
}

func (p *project) excluded(name string) bool {
	return p.matches(p.opts.Exclude, name)
}

// leftOut reports whether a path is excluded, or stands in a folder that is: a main
// file may include it all the same. What is named is not, and patterns count below it only.
func (p *project) leftOut(name string) bool {
	if len(p.opts.Exclude) == 0 {
		return false
	}
	for at := range p.upwards(name) {
		if p.names(at) {
			return false
		}
		if p.excluded(at) {
			return true
		}
	}
	return false
}

// classify tells what a file is from its content first and its name second.
func (p *project) classify(f *file) kind {
	src := p.files.read(f)
	if src == nil || strings.IndexByte(src.Text[:min(len(src.Text), 8192)], 0) >= 0 {
		return kindOther
	}
	if _, dump := source.ParseDump(src.Text); dump { // many files in one
		return kindOther
	}
	if p.isApache(f.path) { // a few of its directives are called like nginx's
		return kindOther
	}
	ini := scanINI(src.Text)
	if ini.isINI() && ini.fpmKeys > 0 || ini.sections+ini.keys > ini.braces && fpmName().MatchString(p.abs(f.path)) {
		return p.classifyFPM(f)
	}
	if ini.isINI() {
		return kindOther
	}
	tree := p.files.tree(f)
	if tree == nil {
		return kindOther
	}
	if len(tree.Errors) > 0 && isTemplate(f.path, src.Text) {
		if known, _ := nginx.Familiar(tree); known > 0 || ini.fpmKeys > 0 {
			p.template(f)
		}
		return kindOther
	}
	// One with another name has to look like nginx's, and what is only found has to
	// do so for a mistake in it to be one.
	known, all := nginx.Familiar(tree)
	if own := path.Base(f.path) == "nginx.conf"; known == 0 || !own && known*5 < all*3 ||
		!own && len(tree.Errors) > 0 && !p.names(f.path) && !punctuated(tree.File) {
		return kindOther
	}
	if nginx.IsMain(tree) {
		return kindNginxMain
	}
	return kindNginx
}

// punctuated reports whether most lines of a text end as those of nginx files
// do, in `;` or a brace. Comments and Lua do not count, nor a last line that is cut off.
func punctuated(text *source.File) bool {
	lines, ended, last := 0, 0, 0
	end := false
	for token := range syntax.Tokens(text) {
		if token.Kind == syntax.TokenSpace || token.Kind == syntax.TokenComment || token.Kind == syntax.TokenLua {
			continue
		}
		if line := text.Line(token.End - 1); line != last {
			lines, last = lines+1, line
			if end {
				ended++
			}
		}
		end = token.Kind != syntax.TokenWord && token.Kind != syntax.TokenQuoted
	}
	if end {
		ended++
	} else {
		lines--
	}
	return ended*2 > lines
}

// apacheFile matches the paths of Apache's own configuration.
var apacheFile = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|/)etc/(apache2|httpd)/`) })

func (p *project) isApache(name string) bool {
	named := func(s string) bool { return strings.Contains(s, "apache2") || strings.Contains(s, "httpd") }
	return (named(name) || named(p.opts.Dir)) && apacheFile().MatchString(p.abs(name))
}

// fpmName are the places that only PHP-FPM's files have, whatever is wrong with them.
var fpmName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(^|/)(php\d*-fpm\.conf|(pool\.d|php-fpm\.d)/[^/]+\.conf)$`)
})

// mainName are the names of main files.
var mainName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(^|/)php\d*-fpm\.conf$`) })

// classifyFPM tells a main file from a pool file: a main file includes others,
// or has the name that php-fpm opens by itself.
func (p *project) classifyFPM(f *file) kind {
	ini := p.files.iniFile(f)
	if ini == nil {
		return kindOther
	}
	for _, line := range ini.Lines {
		if line.Kind == syntax.Key && line.Name == "include" {
			return kindFPMMain
		}
	}
	if strings.HasSuffix(f.path, "-fpm.conf") && mainName().MatchString(f.path) {
		return kindFPMMain
	}
	return kindFPMPool
}

// iniScan counts what makes a text an INI file, and what does not.
type iniScan struct{ sections, keys, fpmKeys, others, braces int }

// isINI allows for a few lines that are wrong.
func (s iniScan) isINI() bool {
	return s.sections > 0 && s.keys > 0 && s.others*4 <= s.sections+s.keys
}

// scanINI looks at the first lines of a text; nginx configuration has no line
// that starts with a bracket and none of the form `word =`.
func scanINI(text string) iniScan {
	var s iniScan
	for range 2000 {
		if text == "" {
			break
		}
		var line string
		line, text, _ = strings.Cut(text, "\n")
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		key, _, ok := strings.Cut(line, "=")
		key = strings.ToLower(strings.TrimRight(key, " \t"))
		if strings.HasSuffix(line, "{") || line == "}" {
			s.braces++
		}
		switch {
		case line == "" || line[0] == ';' || line[0] == '#':
		case line[0] == '[':
			s.sections++
		case !ok || !isKey(key):
			s.others++
		default:
			s.keys++
			if isFPMKey(key) {
				s.fpmKeys++
			}
		}
	}
	return s
}

// isKey reports whether a text in lower case is made as keys are.
func isKey(text string) bool {
	for i := range len(text) {
		if c := text[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' && c != '[' && c != ']' {
			return false
		}
	}
	return text != ""
}

// isFPMKey reports whether a key is one that only PHP-FPM has.
func isFPMKey(key string) bool {
	switch key {
	case "pm", "catch_workers_output", "clear_env", "emergency_restart_threshold", "request_terminate_timeout", "request_slowlog_timeout":
		return true
	}
	return strings.HasPrefix(key, "pm.") || strings.HasPrefix(key, "listen.") || strings.HasPrefix(key, "php_admin_")
}
