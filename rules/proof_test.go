package rules_test

import (
	"path/filepath"
	"testing"

	"nginx-lint/rules/internal/prooftest"
)

// TestProofs shows on real nginx and PHP-FPM that what the rules claim is so.
func TestProofs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/rules/*/proof*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	prooftest.Run(t, files...)
}

// TestExamples shows what becomes of the shipped examples on the real servers.
func TestExamples(t *testing.T) {
	t.Parallel()
	prooftest.Run(t, "../testdata/examples/proof.txtar")
}
