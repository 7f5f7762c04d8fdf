//go:build unix

package rules_test

import (
	"syscall"
	"testing"
	"time"
)

// processorTime is what this process has used so far: unlike time on the clock it
// does not grow with what else the machine does.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
