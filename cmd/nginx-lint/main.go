// Command nginx-lint reads nginx and PHP-FPM configuration together and says what
// will fail.
package main

import (
	"os"

	"nginx-lint/cmd/internal/cli"
)

func main() {
	dir, _ := os.Getwd() // empty where it cannot be told
	os.Exit(cli.Run(os.Args[1:], cli.Env{
		Stdin:  os.Stdin,
		Stdout: os.Stdout,
		Stderr: os.Stderr,
		Getenv: os.Getenv,
		Dir:    dir,
	}))
}
