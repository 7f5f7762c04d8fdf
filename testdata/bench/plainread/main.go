// Command plainread reads all files below a folder on all processors and counts
// their bytes: the least that any checker of them does.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
)

func main() {
	var names []string
	err := filepath.WalkDir(os.Args[1], func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	var next, total atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(names)); i = next.Add(1) - 1 {
				text, err := os.ReadFile(names[i])
				if err != nil {
					panic(err)
				}
				total.Add(int64(len(text)))
			}
		})
	}
	workers.Wait()
	fmt.Println(len(names), "files,", total.Load(), "bytes")
}
