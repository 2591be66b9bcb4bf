package git

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
)

// maxObject is the largest object that is read, in bytes. Repositories of
// configuration and tests hold text; whatever is larger is a mistake or an
// attempt to exhaust memory.
const maxObject = 128 << 20

func errTooLarge(size int64) error {
	return fmt.Errorf("%d bytes are over the limit of %d for one object", size, maxObject)
}

// maxDeltaDepth bounds chains of deltas. Git makes chains of 50 by default and
// of 4,095 at most.
const maxDeltaDepth = 4095

// pack is one pack with its index. It is read with positioned reads only, so
// any number of readers share one file.
type pack struct {
	path string // without .idx or .pack

	mu     sync.Mutex
	opened atomic.Bool // index and file are set, for good
	index  index
	file   *os.File
}

// open reads the index, unless that is done. A failure is not remembered:
// another process may be about to put the files there.
func (p *pack) open() error {
	if p.opened.Load() {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.opened.Load() {
		return nil
	}
	data, err := os.ReadFile(p.path + ".idx")
	if err != nil {
		return err
	}
	if p.index, err = parseIndex(data); err != nil {
		return fmt.Errorf("read %s.idx: %w", p.path, err)
	}
	if p.file, err = os.Open(p.path + ".pack"); err != nil {
		return err
	}
	p.opened.Store(true)
	return nil
}

func (p *pack) close() error {
	if !p.opened.Load() {
		return nil
	}
	return p.file.Close()
}

// packed is the head of an object in a pack: either whole, or a delta to a base
// that is elsewhere in the pack (offset) or anywhere (hash).
type packed struct {
	kind   plumbing.ObjectType
	size   int64 // of the data that follows, inflated
	data   int64 // where it starts
	offset int64
	hash   Hash
}

func (p *pack) head(at int64) (packed, error) {
	var buf [64]byte
	n, err := p.file.ReadAt(buf[:], at)
	if err != nil && (err != io.EOF || n == 0) {
		return packed{}, fmt.Errorf("read %s.pack at %d: %w", p.path, at, err)
	}
	b := bytes.NewReader(buf[:n])
	corrupt := func() (packed, error) {
		return packed{}, fmt.Errorf("%s.pack: no object at %d: %w", p.path, at, ErrCorrupt)
	}
	first, err := b.ReadByte()
	if err != nil {
		return corrupt()
	}
	o := packed{kind: plumbing.ObjectType(first >> 4 & 7), size: int64(first & 15)}
	if first&0x80 != 0 {
		high, err := binary.ReadUvarint(b)
		if err != nil || high > maxObject {
			return corrupt()
		}
		o.size |= int64(high) << 4
	}
	switch o.kind {
	case plumbing.CommitObject, plumbing.TreeObject, plumbing.BlobObject, plumbing.TagObject:
	case plumbing.OFSDeltaObject:
		back, err := readOffset(b)
		if err != nil || back <= 0 || back > at {
			return corrupt()
		}
		o.offset = at - back
	case plumbing.REFDeltaObject:
		if _, err := io.ReadFull(b, o.hash[:]); err != nil {
			return corrupt()
		}
	default:
		return corrupt()
	}
	o.data = at + int64(n-b.Len())
	return o, nil
}

// readOffset reads the distance to a delta's base: seven bits a byte, highest
// first, where every further byte also counts one, so that no distance can be
// written in two ways.
func readOffset(r io.ByteReader) (int64, error) {
	var v int64
	for i := 0; i < 9; i++ {
		b, err := r.ReadByte()
		if err != nil {
			return 0, err
		}
		v |= int64(b & 0x7f)
		if b&0x80 == 0 {
			return v, nil
		}
		v = (v + 1) << 7
	}
	return 0, ErrCorrupt
}

// inflate reads the first limit bytes of what starts at o.data; all of it, and
// checked, if limit is o.size.
func (p *pack) inflate(o packed, limit int64) ([]byte, error) {
	return inflate(io.NewSectionReader(p.file, o.data, 1<<62), o.size, limit)
}

var inflaters = sync.Pool{New: func() any { return &inflater{src: bufio.NewReader(nil)} }}

// inflater keeps the buffers of a decompressor between objects, most of which
// are smaller than the buffers.
type inflater struct {
	src *bufio.Reader
	zr  io.ReadCloser
}

func (f *inflater) reset(src io.Reader) (err error) {
	f.src.Reset(src)
	if f.zr != nil {
		return f.zr.(zlib.Resetter).Reset(f.src, nil)
	}
	f.zr, err = zlib.NewReader(f.src)
	return err
}

func inflate(src io.Reader, size, limit int64) ([]byte, error) {
	if size > maxObject {
		return nil, errTooLarge(size)
	}
	f := inflaters.Get().(*inflater)
	defer inflaters.Put(f)
	if err := f.reset(src); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	data := make([]byte, min(size, limit))
	if _, err := io.ReadFull(f.zr, data); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if limit < size {
		return data, nil
	}
	// Reading to the end has the checksum checked.
	if n, err := f.zr.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, fmt.Errorf("%w: more or other data than announced", ErrCorrupt)
	}
	return data, nil
}

// apply makes an object out of its base and a delta.
func apply(base, delta []byte) ([]byte, error) {
	_, size, err := deltaSizes(delta)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if size > maxObject {
		return nil, errTooLarge(int64(size))
	}
	data, err := packfile.PatchDelta(base, delta)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return data, nil
}

// deltaStart is how many bytes the sizes that a delta starts with take at most.
const deltaStart = 2 * binary.MaxVarintLen64

// deltaSizes reads the sizes of base and result that a delta starts with.
func deltaSizes(delta []byte) (from, to uint64, err error) {
	r := bytes.NewReader(delta)
	if from, err = binary.ReadUvarint(r); err == nil {
		to, err = binary.ReadUvarint(r)
	}
	return from, to, err
}

// index is the content of a pack index, version 2: for every object, sorted by
// hash, the hash, a checksum and the offset in the pack.
type index struct {
	count   int
	fanout  []byte // 256 counts of the hashes up to each first byte
	hashes  []byte
	offsets []byte // 4 bytes each; with the top bit set, a place in large
	large   []byte // 8 bytes each
}

func parseIndex(data []byte) (index, error) {
	const header, fanout, trailer = 8, 256 * 4, 2 * 20
	if len(data) < header+fanout+trailer || !bytes.Equal(data[:header], []byte("\xfftOc\x00\x00\x00\x02")) {
		return index{}, fmt.Errorf("not a pack index of version 2: %w", ErrCorrupt)
	}
	x := index{fanout: data[header:][:fanout]}
	x.count = int(x.below(256))
	body := data[header+fanout : len(data)-trailer]
	if len(body) < x.count*(20+4+4) {
		return index{}, fmt.Errorf("pack index is cut short: %w", ErrCorrupt)
	}
	x.hashes, body = body[:x.count*20], body[x.count*(20+4):]
	x.offsets, x.large = body[:x.count*4], body[x.count*4:]
	for i := range 256 {
		if x.below(i) > x.below(i+1) {
			return index{}, fmt.Errorf("pack index is not sorted: %w", ErrCorrupt)
		}
	}
	return x, nil
}

// below counts the hashes whose first byte is less than b.
func (x index) below(b int) uint32 {
	if b == 0 {
		return 0
	}
	return binary.BigEndian.Uint32(x.fanout[(b-1)*4:])
}

func (x index) hash(i int) Hash { return Hash(x.hashes[i*20:][:20]) }

// search returns the place of the first hash that is not less than h.
func (x index) search(h Hash) int {
	low, high := int(x.below(int(h[0]))), int(x.below(int(h[0])+1))
	for low < high {
		mid := int(uint(low+high) >> 1)
		if bytes.Compare(x.hashes[mid*20:][:20], h[:]) < 0 {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

func (x index) find(h Hash) (offset int64, ok bool) {
	i := x.search(h)
	if i == x.count || x.hash(i) != h {
		return 0, false
	}
	at := binary.BigEndian.Uint32(x.offsets[i*4:])
	if at&(1<<31) == 0 {
		return int64(at), true
	}
	place := int(at&^(1<<31)) * 8
	if place+8 > len(x.large) {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(x.large[place:]) & (1<<63 - 1)), true
}

// withPrefix appends the hashes whose hexadecimal form starts with prefix.
func (x index) withPrefix(hashes []Hash, prefix string) []Hash {
	for i := x.search(firstWith(prefix)); i < x.count; i++ {
		h := x.hash(i)
		if !strings.HasPrefix(h.String(), prefix) {
			break
		}
		if !slices.Contains(hashes, h) {
			hashes = append(hashes, h)
		}
	}
	return hashes
}

// firstWith returns the least hash that starts with prefix, lower-case
// hexadecimal.
func firstWith(prefix string) Hash {
	return plumbing.NewHash(prefix + strings.Repeat("0", 2*len(Hash{})-len(prefix)))
}
