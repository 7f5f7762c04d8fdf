//go:build !unix

package rules_test

import (
	"testing"
	"time"
)

// processorTime is the time on the clock, where nothing better can be had.
func processorTime(*testing.T) time.Duration { return time.Duration(time.Now().UnixNano()) }
