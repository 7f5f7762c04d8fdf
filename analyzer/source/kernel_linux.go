package source

import (
	"os"
	"sync/atomic"
	"syscall"
)

// nonblock keeps opening a pipe from waiting for a writer.
const nonblock = syscall.O_NONBLOCK

// kernelTypes are the file systems whose files are made by the kernel as they are
// read, by the numbers of linux/magic.h: what they hold is of the machine and its
// processes, and reading them may have effects or never end.
var kernelTypes = map[uint32]bool{
	0x9fa0:     true, // proc
	0x62656572: true, // sysfs
	0x64626720: true, // debugfs
	0x74726163: true, // tracefs
	0x73636673: true, // securityfs
	0x62656570: true, // configfs
	0x6165676c: true, // pstore
	0x27e0eb:   true, // cgroup
	0x63677270: true, // cgroup2
	0xde5e81e4: true, // efivarfs
	0xcafe4a11: true, // bpf
	0x42494e4d: true, // binfmt_misc
	0xf97cff8c: true, // selinux
	0x6e736673: true, // nsfs
}

// notKernel is the device of the last file that is on a disk or in memory, plus one:
// the others of a tree are mostly on the same.
var notKernel atomic.Uint64

// byKernel reports whether a file is one of those, whatever it looks like.
func byKernel(f *os.File, info os.FileInfo) bool {
	device := uint64(0)
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		device = uint64(stat.Dev) + 1 //nolint:unconvert // the field's size differs by processor
	}
	if device != 0 && notKernel.Load() == device {
		return false
	}
	conn, err := f.SyscallConn()
	if err != nil {
		return false
	}
	found := false
	err = conn.Control(func(fd uintptr) {
		var at syscall.Statfs_t
		if syscall.Fstatfs(int(fd), &at) != nil {
			return
		}
		if found = kernelTypes[uint32(at.Type)]; !found { //nolint:gosec // the field's size differs by processor
			notKernel.Store(device)
		}
	})
	return err == nil && found
}
