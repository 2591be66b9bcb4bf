package render

import (
	"fmt"
	"io/fs"
	"path/filepath"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// readOnly refuses the operations of filesys.FileSystem that a build without plugins and remote bases never needs.
type readOnly struct{}

func refuse(operation, name string) error {
	return fmt.Errorf("%s %s: a build only reads files by name: %w", operation, name, fs.ErrPermission)
}

func (readOnly) Create(name string) (filesys.File, error)    { return nil, refuse("create", name) }
func (readOnly) Mkdir(name string) error                     { return refuse("make directory", name) }
func (readOnly) MkdirAll(name string) error                  { return refuse("make directory", name) }
func (readOnly) RemoveAll(name string) error                 { return refuse("remove", name) }
func (readOnly) Open(name string) (filesys.File, error)      { return nil, refuse("open", name) }
func (readOnly) ReadDir(name string) ([]string, error)       { return nil, refuse("list", name) }
func (readOnly) Glob(pattern string) ([]string, error)       { return nil, refuse("glob", pattern) }
func (readOnly) WriteFile(name string, _ []byte) error       { return refuse("write", name) }
func (readOnly) Walk(name string, _ filepath.WalkFunc) error { return refuse("walk", name) }
