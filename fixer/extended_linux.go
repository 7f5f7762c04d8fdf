package fixer

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// byName is a name of an open file for the calls that take no descriptor.
func byName(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// extended are a file's extended attributes but for those that the kernel makes
// from the text; nil where the file system has none.
func extended(f *os.File) (map[string]string, error) {
	name := byName(f)
	list, err := attribute(func(b []byte) (int, error) { return syscall.Listxattr(name, b) })
	if errors.Is(err, syscall.ENOTSUP) {
		return nil, nil //nolint:nilnil // no attributes is no error
	}
	if err != nil {
		return nil, fmt.Errorf("its extended attributes: %w", err)
	}
	found := map[string]string{}
	for _, attr := range strings.FieldsFunc(list, func(c rune) bool { return c == 0 }) {
		if attr == "security.ima" || attr == "security.evm" {
			continue
		}
		value, err := attribute(func(b []byte) (int, error) { return syscall.Getxattr(name, attr, b) })
		if err != nil {
			return nil, fmt.Errorf("its extended attribute %s: %w", attr, err)
		}
		found[attr] = value
	}
	return found, nil
}

// attribute calls get for the size of a value, then for the value.
func attribute(get func([]byte) (int, error)) (string, error) {
	n, err := get(nil)
	if err != nil || n == 0 {
		return "", err
	}
	b := make([]byte, n)
	if n, err = get(b); err != nil {
		return "", err
	}
	return string(b[:n]), nil
}

// setExtended makes the extended attributes that a file has those that it is to have.
func setExtended(f *os.File, have, want map[string]string) error {
	name := byName(f)
	for attr := range have {
		if _, ok := want[attr]; !ok {
			if err := syscall.Removexattr(name, attr); err != nil {
				return fmt.Errorf("its extended attribute %s: %w", attr, err)
			}
		}
	}
	for attr, value := range want {
		if old, ok := have[attr]; ok && old == value {
			continue
		}
		if err := syscall.Setxattr(name, attr, []byte(value), 0); err != nil {
			return fmt.Errorf("its extended attribute %s: %w", attr, err)
		}
	}
	return nil
}
