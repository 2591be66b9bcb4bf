package git

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing/format/idxfile"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	githash "github.com/go-git/go-git/v5/plumbing/hash"
)

const (
	// packTrailer is the length of the checksum that ends a pack and an index.
	packTrailer = 20
	// maxPack is the largest pack that is received, in bytes, and maxPackObjects
	// how many objects may be in it: far beyond what repositories of configuration
	// and tests bring, and as much as disk and memory can be expected to hold.
	maxPack        = 4 << 30
	maxPackObjects = 2 << 20
)

// receivePack stores the pack that r delivers in a repository's object folder,
// with its index. The pack appears whole or not at all: both files are written
// aside and named once they are on disk, the index last, since readers look for
// packs by their indexes. A stream that ends early leaves nothing behind. The
// pack's checksum, which is its name, is zero for a pack without objects, which
// is not kept.
func receivePack(ctx context.Context, objects string, r io.Reader) (sum Hash, err error) {
	dir := filepath.Join(objects, "pack")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Hash{}, fmt.Errorf("storing a pack: %w", err)
	}
	pack, err := os.CreateTemp(dir, "tmp_pack_")
	if err != nil {
		return Hash{}, fmt.Errorf("storing a pack: %w", err)
	}
	defer discard(pack, &err)
	sum, err = copyPack(pack, contextReader{ctx, r})
	if err != nil || sum == (Hash{}) {
		return sum, err
	}
	if err := checkPack(ctx, pack); err != nil {
		return sum, fmt.Errorf("checking the received pack: %w", err)
	}
	index, err := os.CreateTemp(dir, "tmp_idx_")
	if err != nil {
		return sum, fmt.Errorf("storing a pack index: %w", err)
	}
	defer discard(index, &err)
	if err := indexPack(pack, index); err != nil {
		return sum, fmt.Errorf("indexing the received pack: %w", err)
	}
	stem := filepath.Join(dir, "pack-"+sum.String())
	if err := install(pack, stem+".pack"); err != nil {
		return sum, err
	}
	return sum, install(index, stem+".idx")
}

// copyPack writes r to pack and checks its checksum, which it returns: zero for a
// pack without objects.
func copyPack(pack *os.File, r io.Reader) (Hash, error) {
	hasher := githash.New(crypto.SHA1)
	body := &trailing{sink: io.MultiWriter(pack, hasher)}
	size, err := io.Copy(body, io.LimitReader(r, maxPack+1))
	if err != nil {
		return Hash{}, fmt.Errorf("receiving objects, after %d bytes: %w", size, err)
	}
	if size > maxPack {
		return Hash{}, fmt.Errorf("receiving objects: they take more than the limit of %d bytes", maxPack)
	}
	sum := Hash(body.held)
	if size < 12+packTrailer || !bytes.Equal(hasher.Sum(nil), sum[:]) {
		return Hash{}, fmt.Errorf("receiving objects: the pack of %d bytes is damaged or cut short: %w", size, io.ErrUnexpectedEOF)
	}
	if _, err := pack.Write(sum[:]); err != nil {
		return Hash{}, fmt.Errorf("storing a pack: %w", err)
	}
	if size == 12+packTrailer {
		return Hash{}, nil
	}
	return sum, nil
}

// checkPack refuses a pack with an object that is too large, or with too many,
// before anything is unpacked into memory. It goes by the sizes that objects and
// deltas announce, which unpacking holds them to.
func checkPack(ctx context.Context, pack *os.File) error {
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return err
	}
	scanner := packfile.NewScanner(pack)
	_, count, err := scanner.Header()
	if err != nil {
		return err
	}
	if count > maxPackObjects {
		return fmt.Errorf("%d objects are over the limit of %d", count, maxPackObjects)
	}
	for range count {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		header, err := scanner.NextObjectHeader()
		if err != nil {
			return err
		}
		size := header.Length
		if header.Type.IsDelta() && size <= maxObject {
			if size, err = resultSize(scanner); err != nil {
				return err
			}
		}
		if size > maxObject {
			return fmt.Errorf("at byte %d: %w", header.Offset, errTooLarge(size))
		}
	}
	return nil
}

// resultSize reads what size the delta makes that a scanner is at.
func resultSize(scanner *packfile.Scanner) (int64, error) {
	delta := &prefix{left: deltaStart}
	if _, _, err := scanner.NextObject(delta); err != nil {
		return 0, err
	}
	_, size, err := deltaSizes(delta.data)
	if err != nil || size > math.MaxInt64 {
		return 0, fmt.Errorf("a delta without sizes: %w", ErrCorrupt)
	}
	return int64(size), nil
}

// prefix keeps the first bytes of what is written to it.
type prefix struct {
	data []byte
	left int
}

func (p *prefix) Write(b []byte) (int, error) {
	kept := b[:min(len(b), p.left)]
	p.data = append(p.data, kept...)
	p.left -= len(kept)
	return len(b), nil
}

// indexPack writes the index of pack, resolving every delta on the way.
func indexPack(pack, index *os.File) error {
	if _, err := pack.Seek(0, io.SeekStart); err != nil {
		return err
	}
	writer := &idxfile.Writer{}
	parser, err := packfile.NewParser(packfile.NewScanner(pack), writer)
	if err != nil {
		return err
	}
	if _, err := parser.Parse(); err != nil {
		return err
	}
	content, err := writer.Index()
	if err != nil {
		return err
	}
	_, err = idxfile.NewEncoder(index).Encode(content)
	return err
}

// install puts a finished temporary file where it belongs, read-only as Git
// keeps its packs.
func install(f *os.File, path string) error {
	if err := errors.Join(f.Chmod(0o444), f.Sync()); err != nil {
		return fmt.Errorf("storing %s: %w", filepath.Base(path), err)
	}
	return os.Rename(f.Name(), path)
}

// discard closes a temporary file and removes it where it still has its name.
func discard(f *os.File, err *error) {
	f.Close()
	if remove := os.Remove(f.Name()); !errors.Is(remove, os.ErrNotExist) {
		*err = errors.Join(*err, remove)
	}
}

// trailing passes on all but the last packTrailer bytes of a stream.
type trailing struct {
	sink io.Writer
	held []byte
}

func (t *trailing) Write(p []byte) (int, error) {
	t.held = append(t.held, p...)
	if ready := len(t.held) - packTrailer; ready > 0 {
		if _, err := t.sink.Write(t.held[:ready]); err != nil {
			return 0, err
		}
		t.held = append(t.held[:0], t.held[ready:]...)
	}
	return len(p), nil
}

// contextReader ends a stream with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
