package grammar

import (
	"strings"

	"nginx-lint/analyzer/catalog"
	"nginx-lint/analyzer/nginx"
)

// The least sizes of zones in shared memory: some pages, which have 4k or more.
const (
	pageMin = 4 << 10
	zoneMin = 8 * pageMin
	keysMin = 2 * pageMin
)

// cachePath checks the parameters of a cache; the path is not looked at.
func (u use) cachePath() *Fault {
	named := false
	for i, value := range u.args[1:] {
		i++
		name, setting, is := strings.Cut(value, "=")
		if !is {
			return u.unknownParameter(i, value)
		}
		ok, hint := true, ""
		switch name {
		case "levels":
			if !isLevels(setting) {
				return said(i, "one to three of 1 or 2 with colons between", `invalid "levels" "%s"`, value)
			}
		case "use_temp_path":
			if setting != "on" && setting != "off" {
				return said(i, "on or off", `invalid use_temp_path value "%s", it must be "on" or "off"`, value)
			}
		case "keys_zone":
			zone, size, colon := strings.Cut(setting, ":")
			n, number := nginx.ParseSize(size)
			switch {
			case !colon, !number:
				return said(i, "keys_zone=name:size", `invalid keys zone size "%s"`, value)
			case n < keysMin:
				return said(i, "8k or more", `keys zone "%s" is too small`, value)
			}
			named = zone != ""
		case "inactive":
			_, ok = nginx.ParseSeconds(setting)
			hint = "a time such as 10m"
		case "max_size", "min_free":
			_, ok = nginx.ParseOffset(setting)
			hint = "a number of bytes, with k, m or g for more"
		case "loader_files", "manager_files":
			_, ok = nginx.ParseNumber(setting)
			hint = "a number of files"
		case "loader_sleep", "loader_threshold", "manager_sleep", "manager_threshold":
			_, ok = nginx.ParseMilliseconds(setting)
			hint = "a time such as 200ms"
		case "purger", "purger_files", "purger_sleep", "purger_threshold": // commercial
		default:
			return u.unknownParameter(i, value)
		}
		if !ok {
			return said(i, hint, `invalid %s value "%s"`, name, value)
		}
	}
	if !named {
		return said(-1, "", `"%s" must have "keys_zone" parameter`, u.Name)
	}
	return nil
}

func isLevels(s string) bool {
	if s == "" {
		return true
	}
	parts := strings.Split(s, ":")
	for _, part := range parts {
		if part != "1" && part != "2" {
			return false
		}
	}
	return len(parts) <= 3
}

func (u use) cacheValid() *Fault {
	last := len(u.args) - 1
	if _, ok := nginx.ParseSeconds(u.arg(last)); !ok {
		return said(last, "a time such as 10m at the end", `invalid time value "%s"`, u.arg(last))
	}
	for i, code := range u.args[:last] {
		if n, ok := nginx.ParseNumber(code); code != "any" && (!ok || n < 100 || n > 599 && u.atLeast(measured)) {
			return said(i, "status codes or any before the time", `invalid status "%s"`, code)
		}
	}
	return nil
}

// openFiles is the check of open_file_cache and of the caches of certificates.
func (u use) openFiles() *Fault {
	invalid, missing := `invalid "open_file_cache" parameter "%s"`, `"open_file_cache" must have the "max" parameter`
	if u.Name != "open_file_cache" {
		invalid, missing = `invalid parameter "%s"`, `"`+u.Name+`" must have the "max" parameter`
	}
	limited, off := false, false
	for i, value := range u.args {
		name, setting, _ := strings.Cut(value, "=")
		ok := false
		switch {
		case value == "off":
			ok, off = true, true
		case name == "max":
			n, number := nginx.ParseNumber(setting)
			ok = number && n > 0
			limited = true
		case name == "inactive", name == "valid" && u.Name != "open_file_cache":
			_, ok = nginx.ParseSeconds(setting)
		}
		if !ok {
			return said(i, "max=number, inactive=time or off", invalid, value)
		}
	}
	if !limited && !off {
		return said(-1, "", "%s", missing)
	}
	return nil
}

func (u use) openLogFiles() *Fault {
	limit, off := int64(0), false
	for i, value := range u.args {
		name, setting, _ := strings.Cut(value, "=")
		ok := false
		switch {
		case value == "off":
			ok, off = true, true
		case name == "max":
			limit, ok = nginx.ParseNumber(setting)
		case name == "min_uses":
			_, ok = nginx.ParseNumber(setting)
		case name == "inactive", name == "valid":
			_, ok = nginx.ParseSeconds(setting)
		}
		if !ok {
			return said(i, "max=number, inactive=time, min_uses=number, valid=time or off", `invalid "open_log_file_cache" parameter "%s"`, value)
		}
	}
	if limit == 0 && !off {
		return said(-1, "", `"open_log_file_cache" must have "max" parameter`)
	}
	return nil
}

func (u use) sessionCache() *Fault {
	for i, value := range u.args {
		size, ok := strings.CutPrefix(value, "builtin:")
		if ok {
			_, ok = nginx.ParseNumber(size)
		}
		switch {
		case ok, value == "off", value == "none", value == "builtin":
		case strings.HasPrefix(value, "shared:"):
			if f := sharedCache(i, value, "session"); f != nil {
				return f
			}
		default:
			return said(i, "off, none, builtin, builtin:number or shared:name:size", `invalid session cache "%s"`, value)
		}
	}
	return nil
}

func (u use) ocspCache() *Fault {
	if value := u.arg(0); value != "off" {
		return sharedCache(0, value, "OCSP")
	}
	return nil
}

// sharedCache is the check of shared:name:size.
func sharedCache(i int, value, kind string) *Fault {
	shared, ok := strings.CutPrefix(value, "shared:")
	name, size, _ := strings.Cut(shared, ":")
	n, number := nginx.ParseSize(size)
	switch {
	case !ok, name == "", !number:
		return said(i, "shared:name:size", `invalid %s cache "%s"`, kind, value)
	case n < zoneMin:
		return said(i, "32k or more", `%s cache "%s" is too small`, kind, value)
	}
	return nil
}

// storeAccess is the check of *_store_access and dav_access.
func (u use) storeAccess() *Fault {
	for i, value := range u.args {
		who, rights, _ := strings.Cut(value, ":")
		if who != "user" && who != "group" && who != "all" || rights != "r" && rights != "rw" {
			return said(i, "user:, group: or all: with r or rw", `invalid value "%s"`, value)
		}
	}
	return nil
}

// tempPath is the check of the numbers behind a path, which are lengths of names
// of folders.
func (u use) tempPath() *Fault {
	var sum int64
	for i, level := range u.args {
		if i == 0 {
			continue
		}
		n, ok := nginx.ParseNumber(level)
		if sum += n; !ok || n == 0 || sum > 10 {
			return u.invalid(i, "up to three lengths of folder names")
		}
	}
	return nil
}

func (u use) store() *Fault {
	if value := u.arg(0); value == "" && u.atLeast(catalog.Newest) {
		return said(0, "", "empty path")
	}
	return script(0, u.arg(0)+terminator)
}
