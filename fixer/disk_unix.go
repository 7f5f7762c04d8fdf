//go:build unix && !aix && !solaris

package fixer

import (
	"errors"
	"os"
	"syscall"
)

// identify fills in owner, group and links.
func (as *Attributes) identify() {
	if stat, ok := as.Info.Sys().(*syscall.Stat_t); ok {
		as.Owner, as.Group = int(stat.Uid), int(stat.Gid)
		as.Links = uint64(stat.Nlink) //nolint:unconvert // narrower on other systems
	}
}

// lock waits until no other run holds the folder; the kernel lets go of it when
// the process ends, however it ends. Some network file systems have no locks:
// there two runs at once find each other's files in their way and give up.
func lock(folder *os.File) {
	for errors.Is(syscall.Flock(int(folder.Fd()), syscall.LOCK_EX), syscall.EINTR) {
	}
}

// syncFolder puts a folder's names on the disk, where the file system knows how to.
func syncFolder(folder *os.File) error {
	if err := folder.Sync(); !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
