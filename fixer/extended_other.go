//go:build !linux

package fixer

import "os"

func extended(*os.File) (map[string]string, error) { return nil, nil }

func setExtended(*os.File, map[string]string, map[string]string) error { return nil }
