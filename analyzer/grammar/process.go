package grammar

import (
	"slices"
	"strings"

	"nginx-lint/analyzer/nginx"
)

func (u use) workerProcesses() *Fault {
	if _, ok := nginx.ParseNumber(u.arg(0)); !ok && u.arg(0) != "auto" {
		f := u.invalid(0, "a number or auto")
		if strings.EqualFold(u.arg(0), "auto") {
			f.Better = "auto"
		}
		return f
	}
	return nil
}

func (u use) workerPriority() *Fault {
	value := u.arg(0)
	if value != "" && (value[0] == '-' || value[0] == '+') {
		value = value[1:]
	}
	if _, ok := nginx.ParseNumber(value); !ok {
		return said(0, "a whole number, which may have a sign", `"worker_priority" directive invalid number`)
	}
	return nil
}

func (u use) workerConnections() *Fault {
	if _, ok := nginx.ParseNumber(u.arg(0)); !ok {
		return said(0, "a whole number without sign and unit", `invalid number "%s"`, u.arg(0))
	}
	return nil
}

// cpuAffinity takes masks of 0 and 1; blanks in them are passed over, and nginx
// begins at the end.
func (u use) cpuAffinity() *Fault {
	masks := u.args
	if u.arg(0) == "auto" {
		if masks = masks[1:]; len(masks) > 1 {
			return said(-1, "", `invalid number of arguments in "worker_cpu_affinity" directive`)
		}
	}
	first := len(u.args) - len(masks)
	for i, mask := range masks {
		if at := strings.LastIndexFunc(mask, func(r rune) bool { return r != '0' && r != '1' && r != ' ' }); at >= 0 {
			return said(first+i, "auto, or masks of 0 and 1", `invalid character "%c" in "worker_cpu_affinity"`, mask[at])
		}
	}
	return nil
}

func (u use) threadPool() *Fault {
	threads := false
	for i, value := range u.args {
		name, setting, _ := strings.Cut(value, "=")
		n, ok := nginx.ParseNumber(setting)
		switch {
		case i == 0:
		case strings.HasPrefix(value, "threads="):
			if !ok || n == 0 {
				return said(i, "a number of threads", `invalid %s value "%s"`, name, value)
			}
			threads = true
		case strings.HasPrefix(value, "max_queue=") && !ok:
			return said(i, "a number of tasks", `invalid %s value "%s"`, name, value)
		}
	}
	if !threads {
		return said(-1, "", `"thread_pool" must have "threads" parameter`)
	}
	return nil
}

// eventMethods are those of any system.
var eventMethods = []string{"epoll", "kqueue", "poll", "select", "eventport", "/dev/poll", "rtsig", "iocp", "win32_poll"}

func (u use) useMethod() *Fault {
	if !slices.Contains(eventMethods, u.arg(0)) {
		return said(0, "the method of the system, as epoll on Linux", `invalid event type "%s"`, u.arg(0))
	}
	return nil
}

func (u use) aio() *Fault {
	value := u.arg(0)
	if value != "on" && value != "off" && value != "threads" && !strings.HasPrefix(value, "threads=") {
		return u.invalid(0, "on, off or threads")
	}
	return nil
}

func (u use) directio() *Fault {
	if u.arg(0) == "off" {
		return nil
	}
	return u.offset()
}

func (u use) symlinks() *Fault {
	var from, set bool
	last := ""
	for i, value := range u.args {
		part, ok := strings.CutPrefix(value, "from=")
		switch {
		case ok:
			if f := script(i, part); f != nil {
				return f
			}
			from = true
		case value == "off", value == "on", value == "if_not_owner":
			set, last = true, value
		default:
			return said(i, "off, on or if_not_owner, and from=path", `invalid parameter "%s"`, value)
		}
	}
	switch {
	case !set:
		return said(-1, "", `"disable_symlinks" must have "off", "on" or "if_not_owner" parameter`)
	case len(u.args) > 1 && !from:
		return said(-1, "", `duplicate parameters "%s %s"`, u.arg(0), u.arg(1))
	case from && last == "off":
		return said(-1, "", `"from=" cannot be used with "off" parameter`)
	}
	return nil
}

func (u use) protocol() *Fault {
	if !slices.Contains([]string{"imap", "pop3", "smtp"}, u.arg(0)) {
		return said(0, "imap, pop3 or smtp", `unknown protocol "%s"`, u.arg(0))
	}
	return nil
}

func (u use) alpn() *Fault {
	for i, value := range u.args {
		if len(value) > 255 {
			return said(i, "", `"%s" directive protocol too long`, u.Name)
		}
	}
	return nil
}
