package history

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// artifactLimit bounds one artifact, in bytes.
const artifactLimit = 256 << 20

// WriteLog begins the log of a Run anew; what is written to it can be read while it grows. There is none before the first byte.
func (s *Store) WriteLog(run string) (io.WriteCloser, error) {
	name, err := s.blob("logs", run+".log")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("log of run %s: %w", run, err)
	}
	return &log{run: run, name: name}, nil
}

// log is a file that is made when there is something to write: most short Runs print nothing.
type log struct {
	run, name string
	file      *os.File
}

func (l *log) Write(p []byte) (int, error) {
	if l.file == nil {
		if err := os.MkdirAll(filepath.Dir(l.name), 0o700); err != nil {
			return 0, fmt.Errorf("log of run %s: %w", l.run, err)
		}
		file, err := os.OpenFile(l.name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return 0, fmt.Errorf("log of run %s: %w", l.run, err)
		}
		l.file = file
	}
	return l.file.Write(p)
}

func (l *log) Close() error {
	if l.file == nil {
		return nil
	}
	return l.file.Close()
}

// ReadLog opens what a Run has printed so far. The error is fs.ErrNotExist where there is no log, or no longer.
func (s *Store) ReadLog(run string) (io.ReadCloser, error) {
	name, err := s.blob("logs", run+".log")
	if err != nil {
		return nil, err
	}
	return os.Open(name)
}

// SaveArtifact keeps a file that a Run left, under its path. Half of one is never there, and one that is too large is refused.
func (s *Store) SaveArtifact(run, file string, r io.Reader) (err error) {
	name, err := s.blob("artifacts", path.Join(run, file))
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("artifact %s of run %s: %w", file, run, err)
		}
	}()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(name), ".part-*")
	if err != nil {
		return err
	}
	defer os.Remove(part.Name())
	n, err := io.Copy(part, io.LimitReader(r, artifactLimit+1))
	if err := errors.Join(err, part.Close()); err != nil {
		return err
	}
	if n > artifactLimit {
		return fmt.Errorf("it is larger than %d MiB", artifactLimit>>20)
	}
	return os.Rename(part.Name(), name)
}

// Artifacts are the files that a Run left, as a file system.
func (s *Store) Artifacts(run string) (fs.FS, error) {
	name, err := s.blob("artifacts", run)
	if err != nil {
		return nil, err
	}
	return os.DirFS(name), nil
}

// forgetBlobs removes the log and the artifacts of a Run.
func (s *Store) forgetBlobs(run string) error {
	log, err := s.blob("logs", run+".log")
	if err != nil {
		return err
	}
	artifacts, err := s.blob("artifacts", run)
	if err != nil {
		return err
	}
	if err := os.Remove(log); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.RemoveAll(artifacts)
}

// blob is the path of a file below the history's folder, and never outside it.
func (s *Store) blob(kind, name string) (string, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return "", fmt.Errorf("%q is no name for one of the %s", name, kind)
	}
	return filepath.Join(s.dir, kind, filepath.FromSlash(name)), nil
}
