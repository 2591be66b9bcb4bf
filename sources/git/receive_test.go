package git

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/stretchr/testify/require"
)

// stored is an object in a pack, with the size that its header announces.
func stored(kind plumbing.ObjectType, announced int, base, data []byte) []byte {
	var deflated bytes.Buffer
	w := zlib.NewWriter(&deflated)
	w.Write(data)
	w.Close()
	return slices.Concat(packHeader(kind, announced), base, deflated.Bytes())
}

func packOf(count uint32, objects ...[]byte) []byte {
	pack := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), count)
	pack = append(pack, slices.Concat(objects...)...)
	sum := sha1.Sum(pack)
	return append(pack, sum[:]...)
}

// A hostile server can make memory run out with a few bytes, unless what it
// announces is looked at before anything is unpacked.
func TestPackBombsAreRefused(t *testing.T) {
	base := stored(plumbing.BlobObject, 4, nil, []byte("base"))
	back := []byte{byte(len(base))}
	delta := func(announced, result int, rest string) []byte {
		data := binary.AppendUvarint([]byte{4}, uint64(result))
		data = append(data, rest...)
		return stored(plumbing.OFSDeltaObject, max(announced, len(data)), back, data)
	}
	for name, test := range map[string]struct {
		pack   []byte
		reason string
	}{
		"large object":                  {packOf(1, stored(plumbing.BlobObject, maxObject+1, nil, nil)), "over the limit of 134217728 for one object"},
		"large delta":                   {packOf(2, base, delta(maxObject+1, 4, "\x90\x04")), "over the limit of 134217728 for one object"},
		"delta of a large result":       {packOf(2, base, delta(0, maxObject+1, "\x90\x04")), "over the limit of 134217728 for one object"},
		"delta of a huge result":        {packOf(2, base, delta(0, -1, "\x90\x04")), "a delta without sizes"},
		"delta without sizes":           {packOf(2, base, stored(plumbing.OFSDeltaObject, 0, back, nil)), "a delta without sizes"},
		"more objects than memory":      {packOf(maxPackObjects+1, base), "objects are over the limit"},
		"more objects than there are":   {packOf(5, base), "checking the received pack"},
		"object larger than announced":  {packOf(1, stored(plumbing.BlobObject, 1, nil, make([]byte, 1<<16))), "received pack"},
		"result larger than announced":  {packOf(2, base, delta(0, 2, "\x90\x04")), "indexing the received pack"},
		"result smaller than announced": {packOf(2, base, delta(0, 9, "\x90\x04")), "indexing the received pack"},
		"delta to itself":               {packOf(1, stored(plumbing.OFSDeltaObject, 4, []byte{0}, []byte("\x04\x04\x90\x04"))), "received pack"},
	} {
		t.Run(name, func(t *testing.T) {
			objects := t.TempDir()
			_, err := receivePack(context.Background(), objects, bytes.NewReader(test.pack))
			require.ErrorContains(t, err, test.reason)
			left, err := os.ReadDir(filepath.Join(objects, "pack"))
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
	_, err := receivePack(t.Context(), t.TempDir(), bytes.NewReader(packOf(2, base, delta(0, 4, "\x90\x04"))))
	require.NoError(t, err)
}
