package treemerge

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/go-git/go-git/v5/plumbing/filemode"

	"github.com/assay-dev/assay/rollback/revert/textmerge"
	"github.com/assay-dev/assay/sources/git"
)

// Git's scale of similarity.
const (
	identical       = 60000
	similar         = identical / 2             // enough for a rename
	similarSameName = (similar + identical) / 2 // enough where the base name stayed
	chunkBytes      = 64                        // longer lines are compared in pieces of this size
	chunkClasses    = 107927                    // chunks are told apart modulo this number
	mostComparisons = 7000 * 7000               // more pairs of files are not compared
)

// print is how many bytes of a file are in chunks of each class, by class.
type print []chunk

type chunk struct{ class, bytes uint32 }

// gauge measures how similar blobs are. It takes the print of each blob once.
type gauge struct {
	ctx    context.Context
	store  Store
	sizes  map[git.Hash]int64
	prints map[git.Hash]print
}

func newGauge(ctx context.Context, store Store) *gauge {
	return &gauge{ctx: ctx, store: store, sizes: map[git.Hash]int64{}, prints: map[git.Hash]print{}}
}

// similarity is the share of the larger file that is in the smaller one too, on a scale to identical; 0 if it cannot
// reach least. Only regular files are similar to anything.
func (g *gauge) similarity(a, b git.Entry, least int) (int, error) {
	if !regular(a) || !regular(b) {
		return 0, nil
	}
	aSize, err := g.size(a.Hash)
	if err != nil {
		return 0, err
	}
	bSize, err := g.size(b.Hash)
	if err != nil {
		return 0, err
	}
	larger := max(aSize, bSize)
	if bSize == 0 || larger*int64(identical-least) < (larger-min(aSize, bSize))*identical {
		return 0, nil
	}
	aPrint, err := g.print(a.Hash)
	if err != nil {
		return 0, err
	}
	bPrint, err := g.print(b.Hash)
	if err != nil {
		return 0, err
	}
	return int(float64(common(aPrint, bPrint)) * identical / float64(larger)), nil
}

func regular(e git.Entry) bool { return e.Mode.IsRegular() || e.Mode == filemode.Executable }

func (g *gauge) size(h git.Hash) (int64, error) {
	if size, known := g.sizes[h]; known {
		return size, nil
	}
	size, err := g.store.BlobSize(g.ctx, h)
	if err != nil {
		return 0, fmt.Errorf("measure blob %s: %w", h, err)
	}
	g.sizes[h] = size
	return size, nil
}

func (g *gauge) print(h git.Hash) (print, error) {
	if p, known := g.prints[h]; known {
		return p, nil
	}
	data, err := g.store.Blob(g.ctx, h)
	if err != nil {
		return nil, fmt.Errorf("read blob %s: %w", h, err)
	}
	p := takePrint(data)
	g.prints[h] = p
	return p, nil
}

// takePrint cuts data into lines, long lines into pieces, and sums up the bytes of each class. A carriage return before
// a newline does not count in a text, and neither does an unfinished piece at the end.
func takePrint(data []byte) print {
	text := !textmerge.Binary(data)
	var chunks print
	var low, high uint32 // two halves of one 64-bit sum, rotated by 7 bits for every byte
	length := uint32(0)
	for i, c := range data {
		if text && c == '\r' && i+1 < len(data) && data[i+1] == '\n' {
			continue
		}
		low, high = (low<<7^high>>25)+uint32(c), high<<7^low>>25
		length++
		if length < chunkBytes && c != '\n' {
			continue
		}
		chunks = append(chunks, chunk{(low + high*0x61) % chunkClasses, length})
		low, high, length = 0, 0, 0
	}
	slices.SortFunc(chunks, func(a, b chunk) int { return cmp.Compare(a.class, b.class) })
	sums := chunks[:0]
	for _, c := range chunks {
		if n := len(sums); n > 0 && sums[n-1].class == c.class {
			sums[n-1].bytes += c.bytes
		} else {
			sums = append(sums, c)
		}
	}
	return slices.Clip(sums)
}

// common counts the bytes that two files share.
func common(a, b print) (bytes int64) {
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0].class < b[0].class:
			a = a[1:]
		case a[0].class > b[0].class:
			b = b[1:]
		default:
			bytes += int64(min(a[0].bytes, b[0].bytes))
			a, b = a[1:], b[1:]
		}
	}
	return bytes
}
