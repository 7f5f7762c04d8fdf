// Package stock holds stand-ins for the files that nginx packages install beside
// nginx.conf, so that "include fastcgi_params" is understood where the file is
// not part of the tree that is checked.
//
// A stand-in sets what the file of that name sets in nginx.org's release and in
// Debian's package, from 1.18.0 on. What one of them adds or sets otherwise is
// named by Varies and must be taken as unknown. proxy_params and snippets/
// exist on Debian and its derivatives only. The rows of mime.types grow with the
// versions: a type that is not in it may be in the installed one.
package stock

import (
	"embed"
	"path"
	"strings"
)

//go:embed files
var files embed.FS

// folders are the configuration prefixes of the usual packages and of nginx's own build.
var folders = [...]string{
	"/etc/nginx/",
	"/usr/local/etc/nginx/",
	"/usr/local/nginx/conf/",
	"/usr/local/openresty/nginx/conf/",
	"/opt/homebrew/etc/nginx/",
}

// Lookup gives the text that stands in for the file of an include directive, as
// written there. It knows a file by its name in nginx's configuration folder:
// "fastcgi_params", "snippets/fastcgi-php.conf", alone, below "." or "..", or
// below the configuration folder of a usual package. Everything else, also such
// a name in a folder of somebody's own, is not a stock file.
func Lookup(includePath string) (text string, ok bool) {
	name, ok := stockName(includePath)
	if !ok {
		return "", false
	}
	b, err := files.ReadFile("files/" + name)
	return string(b), err == nil
}

// Varies names what nginx.org's and the distributions' files set differently, in
// value or at all: a parameter (REMOTE_USER of fastcgi_param, Host of
// proxy_set_header) or else a directive.
func Varies(includePath string) []string {
	name, ok := stockName(includePath)
	if !ok {
		return nil
	}
	switch name {
	case "fastcgi_params", "fastcgi.conf":
		return []string{"HTTP_HOST", "REMOTE_USER"}
	case "scgi_params", "uwsgi_params":
		return []string{"HTTP_HOST"}
	case "proxy_params":
		return []string{"Host"}
	case "snippets/fastcgi-php.conf":
		return []string{"HTTP_HOST", "REMOTE_USER", "fastcgi_split_path_info"}
	}
	return nil
}

// stockName is the path below nginx's configuration folder.
func stockName(includePath string) (string, bool) {
	name := path.Clean(includePath)
	for _, folder := range folders {
		if rest, ok := strings.CutPrefix(name, folder); ok {
			return rest, true
		}
	}
	for strings.HasPrefix(name, "../") {
		name = name[len("../"):]
	}
	return name, !strings.HasPrefix(name, "/")
}
