package tests

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

//go:embed all:scaffold
var scaffold embed.FS

// schemaPath is where a scaffolded repository keeps the schema, so that editors find it without a network.
const schemaPath = ".assay/schema.json"

// Scaffold writes a test repository to start from into dir, which is created where it is missing: a base with one Suite, one Gate and one
// Site, overlays for dev, staging and prod, a README, and the schema for editors. When any of its files is there already it writes nothing,
// and the error, which is an fs.ErrExist, names them all. It returns the paths that it wrote, relative to dir.
func Scaffold(dir string) (written []string, err error) {
	files, order, err := scaffoldFiles()
	if err != nil {
		return nil, err
	}
	var there []string
	for _, file := range order {
		if _, err := os.Lstat(filepath.Join(dir, file)); err == nil {
			there = append(there, file)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("scaffold a test repository in %s: %w", dir, err)
		}
	}
	if len(there) > 0 {
		return nil, fmt.Errorf("scaffold a test repository in %s: %w: %s; choose an empty folder, or move these away", dir, fs.ErrExist, strings.Join(there, ", "))
	}
	for _, file := range order {
		if err := writeNew(filepath.Join(dir, file), files[file]); err != nil {
			return written, fmt.Errorf("scaffold a test repository in %s: %w", dir, err)
		}
		written = append(written, file)
	}
	return written, nil
}

// scaffoldFiles returns the content of each file by its path, and the paths in order.
func scaffoldFiles() (files map[string][]byte, order []string, err error) {
	files, order = map[string][]byte{schemaPath: Schema()}, []string{schemaPath}
	root, err := fs.Sub(scaffold, "scaffold")
	if err != nil {
		return nil, nil, err
	}
	err = fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		order = append(order, file)
		files[file], err = fs.ReadFile(root, file)
		return err
	})
	return files, order, err
}

// writeNew writes a file that must not exist yet. Scripts can be run.
func writeNew(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if strings.HasPrefix(string(data), "#!") {
		mode = 0o755
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}
