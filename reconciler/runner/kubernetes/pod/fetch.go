package pod

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
)

// Fetch brings the wrapper, which is this program itself, and the Order with the Suite's files into the shared directory.
func Fetch(ctx context.Context) error {
	h, err := look()
	if err != nil {
		return err
	}
	if err := h.fetch(ctx); err != nil {
		h.say(err.Error())
		return err
	}
	return nil
}

func (h here) fetch(ctx context.Context) error {
	if err := bringSelf(h.path("bin/assay")); err != nil {
		return fmt.Errorf("bring the wrapper: %w", err)
	}
	dir, err := os.OpenRoot(h.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = h.client.Fetch(ctx, func(r io.Reader) error { return courier.Unpack(r, dir) })
	if err != nil {
		return fmt.Errorf("bring the files of the suite: %w", err)
	}
	return nil
}

// bringSelf copies this program, which is one static file.
func bringSelf(to string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	source, err := os.Open(program)
	if err != nil {
		return err
	}
	defer source.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	file, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, source)
	return errors.Join(err, file.Close())
}
