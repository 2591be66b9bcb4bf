// Package samples holds the sample repositories: the configuration of a small shop, and its tests. In goes nothing; out come their files,
// for the demo and for tests that need a whole system. The shop itself is the program in shop.
package samples

import (
	"embed"
	"io/fs"
)

//go:embed config tests
var files embed.FS

// Config is the sample config repository: a Kustomize base and overlays for dev, staging and prod.
func Config() fs.FS { return sub("config") }

// Tests is the sample test repository: a base, a component and overlays for dev, staging and prod.
func Tests() fs.FS { return sub("tests") }

func sub(name string) fs.FS {
	tree, err := fs.Sub(files, name)
	if err != nil {
		panic(err) // the name is one of the two that are embedded
	}
	return tree
}
