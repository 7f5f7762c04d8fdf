// Command nginx-lint reads nginx and PHP-FPM configuration together and says what
// will fail.
package main

import (
	"os"
	"runtime/debug"

	"nginx-lint/cmd/internal/cli"
)

func main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(400)         // most runs end before there is anything to collect
		debug.SetMemoryLimit(230 << 20) // and a host of 10,000 sites stays below 250 MiB
	}
	dir, _ := os.Getwd() // empty where it cannot be told
	os.Exit(cli.Run(os.Args[1:], cli.Env{
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Getenv: os.Getenv,
		Dir:    dir,
	}))
}
