package cli_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nginx-lint/cmd/internal/cli"
)

var update = flag.Bool("update", false, "write the output in the README anew")

// TestReadme runs the command that the README shows the output of.
func TestReadme(t *testing.T) {
	t.Parallel()
	const readme, top = "../../../README.md", "../../.."
	var out, errs bytes.Buffer
	code := cli.Run([]string{"examples/shop"}, cli.Env{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Dir: top})
	if code != 1 || errs.Len() > 0 {
		t.Fatalf("exit code %d, want 1; stderr: %s", code, &errs)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), "examples/shop: begin -->\n")
	block, after, closed := strings.Cut(rest, "<!-- end -->")
	if !ok || !closed {
		t.Fatal("the README has no place for the output")
	}
	want := "```\n" + out.String() + "```\n"
	if *update {
		before += "examples/shop: begin -->\n"
		if err := os.WriteFile(readme, []byte(before+want+"<!-- end -->"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, block); diff != "" {
		t.Errorf("the output in the README is stale, `make update` writes it:\n%s", diff)
	}
}

// TestFixedExample holds the mended twin of the README's example silent.
func TestFixedExample(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	env := cli.Env{Stdout: &out, Stderr: &errs, Getenv: func(string) string { return "" }, Dir: "../../.."}
	if code := cli.Run([]string{"examples/shop-fixed"}, env); code != 0 || !strings.HasPrefix(out.String(), "no problems in ") {
		t.Errorf("exit code %d:\n%s%s", code, &out, &errs)
	}
}
