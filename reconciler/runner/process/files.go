//go:build linux || darwin

package process

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// writeFile writes a file that may be executed at once. No process may be forked while it is open for writing: the child would hold it
// open too for a moment, in which the system refuses to execute it ("text file busy").
func writeFile(root *os.Root, name string, source io.Reader, perm fs.FileMode) error {
	if perm&0o111 != 0 {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
	}
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Chmod(perm), file.Close())
}

// writeScript writes the Suite's script and returns how it is called.
func writeScript(room room, script string) (argv []string, err error) {
	root, err := os.OpenRoot(room.box())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	name := filepath.Base(room.script())
	if err := writeFile(root, name, strings.NewReader(script), 0o755); err != nil {
		return nil, fmt.Errorf("write script: %w", err)
	}
	if strings.HasPrefix(script, "#!") {
		return []string{room.script()}, nil
	}
	return []string{"/bin/sh", "-eu", room.script()}, nil
}

// writeInputs writes the files that Assay hands the Run, each under the name of its variable.
func writeInputs(room room, inputs map[string][]byte) error {
	if len(inputs) == 0 {
		return nil
	}
	if err := os.Mkdir(room.inputs(), 0o700); err != nil {
		return fmt.Errorf("write inputs: %w", err)
	}
	for variable, content := range inputs {
		if err := os.WriteFile(room.input(variable), content, 0o600); err != nil {
			return fmt.Errorf("write input %s: %w", variable, err)
		}
	}
	return nil
}

// giveTo makes a Run's directory its own.
func giveTo(dir string, uid int) error {
	return filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(name, uid, uid)
	})
}

// removeAll removes a directory, also where a Run has taken permissions away from its folders.
func removeAll(dir string) error {
	if os.RemoveAll(dir) == nil {
		return nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	openUp(root, ".")
	return os.RemoveAll(dir)
}

// openUp gives Assay back its permissions on a folder and the folders in it. What fails shows when they are removed.
func openUp(root *os.Root, name string) {
	_ = root.Chmod(name, 0o700)
	entries, err := fs.ReadDir(root.FS(), name)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.IsDir() {
			openUp(root, path.Join(name, entry.Name()))
		}
	}
}
