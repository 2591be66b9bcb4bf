package git

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// maxPacks is how many small packs a mirror keeps. Each fetch adds one, and
	// each one makes looking for objects slower.
	maxPacks = 40
	// smallPack is the size in bytes up to which a pack is small.
	smallPack = 8 << 20
)

// consolidate makes one pack of all small ones, once they are many. Readers find
// the objects in the one place or in the other. The lock is held.
func (p *packs) consolidate(ctx context.Context) error {
	objects := filepath.Join(p.dir, "objects")
	stems, err := smallPacks(filepath.Join(objects, "pack"))
	if err != nil || len(stems) <= maxPacks {
		return err
	}
	hashes := map[Hash]bool{}
	for _, stem := range stems {
		if err := indexed(stem+".idx", hashes); err != nil {
			return fmt.Errorf("reading the index of %s: %w", filepath.Base(stem), err)
		}
	}
	pack := packing(ctx, p.repo.store.get, sortedHashes(hashes))
	defer pack.Close()
	whole, err := receivePack(ctx, objects, pack)
	if err != nil {
		return fmt.Errorf("making one pack of %d: %w", len(stems), err)
	}
	for _, stem := range stems {
		if strings.HasSuffix(stem, whole.String()) {
			continue
		}
		for _, path := range []string{stem + ".idx", stem + ".pack"} {
			if err := os.Remove(path); ignoreAbsent(err) != nil {
				return fmt.Errorf("removing a pack that is part of another now: %w", err)
			}
		}
	}
	return nil
}

// smallPacks lists the small packs of a folder, without their extensions.
func smallPacks(dir string) (stems []string, err error) {
	packs, err := filepath.Glob(filepath.Join(dir, "*.pack"))
	if err != nil {
		return nil, err
	}
	for _, pack := range packs {
		info, err := os.Stat(pack)
		if err != nil {
			return nil, err
		}
		if info.Size() <= smallPack {
			stems = append(stems, strings.TrimSuffix(pack, ".pack"))
		}
	}
	return stems, nil
}

// indexed adds the objects that a pack index names.
func indexed(path string, hashes map[Hash]bool) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	x, err := parseIndex(data)
	if err != nil {
		return err
	}
	for i := range x.count {
		hashes[x.hash(i)] = true
	}
	return nil
}
