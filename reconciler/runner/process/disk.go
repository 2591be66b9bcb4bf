//go:build linux || darwin

package process

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const (
	// measureEvery is how often a Run's directory is measured, at most.
	measureEvery = time.Second
	// measureShare bounds the cost: for each second of measuring, so many seconds go by without.
	measureShare = 20
	// blockSize is the unit, in bytes, in which systems count what a file takes (stat(2)).
	blockSize = 512
)

// overflows tells when a directory takes more than limit bytes, and is closed soon after ctx ends.
func overflows(ctx context.Context, dir string, limit uint64) <-chan string {
	told := make(chan string, 1)
	go func() {
		defer close(told)
		timer := time.NewTimer(measureEvery)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			began := time.Now()
			if bytes := taken(ctx, dir); bytes > limit {
				told <- fmt.Sprintf("it wrote %d MiB to its directory, where %d MiB are the limit", bytes>>20, limit>>20)
				return
			}
			timer.Reset(max(measureEvery, measureShare*time.Since(began)))
		}
	}()
	return told
}

// taken is how many bytes all below dir take on the disk, as far as Assay can see: what vanishes meanwhile, and what is in a folder that
// an unprivileged Assay may not read, is not counted.
func taken(ctx context.Context, dir string) (bytes uint64) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0
	}
	defer root.Close()
	_ = fs.WalkDir(root.FS(), ".", func(_ string, entry fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return fs.SkipAll
		}
		if err != nil {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			bytes += uint64(info.Sys().(*syscall.Stat_t).Blocks) * blockSize
		}
		return nil
	})
	return bytes
}
