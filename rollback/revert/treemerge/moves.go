package treemerge

import (
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// relevance says why it matters where a file went.
type relevance uint8

const (
	forContent  relevance = iota + 1 // the other side changed it, or removed it as well
	forLocation                      // it helps to tell where its folder went
)

// need says for whom it matters where a lost folder went.
type need uint8

const (
	noNeed    need = iota
	forFolder      // only for a folder above it
	forItself      // the other side put files into it
)

// moves is what one side removed and added, and so may have moved.
type moves struct {
	sources  []*source
	targets  []*target
	relevant map[string]relevance // paths of sources
	lost     map[string]need      // folders of the base that are gone
	counts   folderCounts
}

type source struct {
	path  string
	entry git.Entry
	used  bool
}

type target struct {
	path  string
	entry git.Entry
	from  *source // nil: not moved from anywhere
}

func newMoves() *moves {
	return &moves{relevant: map[string]relevance{}, lost: map[string]need{}, counts: folderCounts{}}
}

// note keeps of a row what detecting renames needs.
func (w *walk) note(f *folder, path string, r *row, matches, lost mask) {
	if r.dirs&baseBit != 0 {
		for _, s := range sides {
			if r.dirs&s.bit() == 0 {
				n := noNeed
				if lost == all {
					n = forFolder
				}
				w.moves[s].lost[path] = n
			}
		}
	}
	if s, added := r.files.only(); added && lost == all {
		w.moves[s.other()].lost[f.path] = forItself
	}
	if r.files == 0 || r.files == all {
		return
	}
	for _, s := range sides {
		m := w.moves[s]
		switch here, before := r.files&s.bit() != 0, r.files&baseBit != 0; {
		case before && !here:
			m.sources = append(m.sources, &source{path: path, entry: r.entries[inBase]})
			if matches == 0 {
				m.relevant[path] = forContent
			} else if lost == all {
				m.relevant[path] = forLocation
			}
		case here && !before:
			m.targets = append(m.targets, &target{path: path, entry: r.entries[s]})
		}
	}
}

// dirname is the folder of a path; that of a top-level name is "".
func dirname(path string) string { return path[:max(0, strings.LastIndexByte(path, '/'))] }

func basename(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
