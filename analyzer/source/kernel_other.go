//go:build !linux

package source

import "os"

// nonblock is of no use here: what is no regular file is not opened.
const nonblock = 0

// byKernel reports whether the kernel makes a file as it is read.
func byKernel(*os.File, os.FileInfo) bool { return false }
