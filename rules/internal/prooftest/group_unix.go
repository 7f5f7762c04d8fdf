//go:build unix

package prooftest

import "syscall"

// inGroup starts a process as the first of a group of its own.
func inGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends what is left of a group.
func killGroup(first int) { _ = syscall.Kill(-first, syscall.SIGKILL) } // fails if nothing is left
