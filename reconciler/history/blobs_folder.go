package history

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// folder keeps logs and artifacts as files beside the database.
type folder struct{ dir string }

func (f folder) log(run string) string { return filepath.Join(f.dir, "logs", run+".log") }

func (f folder) of(run string) string { return filepath.Join(f.dir, "artifacts", run) }

func (f folder) writeLog(_ context.Context, run string) (io.WriteCloser, error) {
	if err := os.Remove(f.log(run)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return &logFile{name: f.log(run)}, nil
}

// logFile is made when there is something to write: most short Runs print nothing.
type logFile struct {
	name string
	file *os.File
}

func (l *logFile) Write(p []byte) (int, error) {
	if l.file == nil {
		if err := os.MkdirAll(filepath.Dir(l.name), 0o700); err != nil {
			return 0, err
		}
		file, err := os.OpenFile(l.name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, err
		}
		l.file = file
	}
	return l.file.Write(p)
}

func (l *logFile) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

func (f folder) readLog(_ context.Context, run string) (io.ReadCloser, error) {
	return os.Open(f.log(run))
}

func (f folder) saveArtifact(_ context.Context, run, file string, r io.Reader) error {
	name := filepath.Join(f.of(run), filepath.FromSlash(file))
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(name), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	_, err = io.Copy(part, bound(r))
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	return os.Rename(part.Name(), name)
}

func (f folder) artifacts(_ context.Context, run string) (fs.FS, error) {
	return os.DirFS(f.of(run)), nil
}

func (f folder) forget(_ context.Context, run string) error {
	if err := os.Remove(f.log(run)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(f.of(run))
}
