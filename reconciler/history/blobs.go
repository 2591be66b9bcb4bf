package history

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// artifactLimit bounds one artifact, in bytes.
const artifactLimit = 256 << 20

// blobs are what Runs left that is no record: a log, and artifacts by their paths. The names that it is given are local.
type blobs interface {
	writeLog(ctx context.Context, run string) (io.WriteCloser, error)
	readLog(ctx context.Context, run string) (io.ReadCloser, error)
	saveArtifact(ctx context.Context, run, file string, r io.Reader) error
	artifacts(ctx context.Context, run string) (fs.FS, error)
	// forget removes the log and the artifacts of a Run.
	forget(ctx context.Context, run string) error
}

// WriteLog begins the log of a Run anew; what is written to it can be read while it grows. There is none before the first byte. It is
// written for as long as ctx lasts, and all of it is there once it was closed.
func (s *Store) WriteLog(ctx context.Context, run string) (io.WriteCloser, error) {
	if err := local(run); err != nil {
		return nil, err
	}
	log, err := s.blobs.writeLog(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("log of run %s: %w", run, err)
	}
	return log, nil
}

// ReadLog opens what a Run has printed so far; where the log has grown, one that was read to its end reads on. The error is
// fs.ErrNotExist where there is no log, or no longer.
func (s *Store) ReadLog(ctx context.Context, run string) (io.ReadCloser, error) {
	if err := local(run); err != nil {
		return nil, err
	}
	return s.blobs.readLog(ctx, run)
}

// SaveArtifact keeps a file that a Run left, under its path. Half of one is never there, and one that is too large is refused.
func (s *Store) SaveArtifact(ctx context.Context, run, file string, r io.Reader) error {
	if err := local(run, file); err != nil {
		return err
	}
	if err := s.blobs.saveArtifact(ctx, run, file, r); err != nil {
		return fmt.Errorf("artifact %s of run %s: %w", file, run, err)
	}
	return nil
}

// Artifacts are the files that a Run left, as a file system that is read for as long as ctx lasts.
func (s *Store) Artifacts(ctx context.Context, run string) (fs.FS, error) {
	if err := local(run); err != nil {
		return nil, err
	}
	return s.blobs.artifacts(ctx, run)
}

// local refuses what would lead out of the history's own.
func local(names ...string) error {
	for _, name := range names {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return fmt.Errorf("%q is no name for a log or an artifact", name)
		}
	}
	return nil
}

// bounded ends with an error where there is more than an artifact may hold.
type bounded struct {
	r    io.Reader
	left int64
}

func bound(r io.Reader) *bounded { return &bounded{r, artifactLimit} }

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, fmt.Errorf("it is larger than %d MiB", artifactLimit>>20)
	}
	return n, err
}
