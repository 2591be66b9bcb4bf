package textmerge

import "strings"

// file is a text cut into lines. Lines with the same bytes have the same number in every file of one merge.
type file struct {
	text string
	ends []int32 // line i is text[ends[i]:ends[i+1]], its line ending included
	ids  []int32
}

func (f *file) lines() int { return len(f.ids) }

// slice returns the text of lines from up to, not including, to.
func (f *file) slice(from, to int) string { return f.text[f.ends[from]:f.ends[to]] }

// part returns lines from up to, not including, to as a file of its own.
func (f *file) part(from, to int) *file {
	return &file{text: f.text, ends: f.ends[from : to+1], ids: f.ids[from:to]}
}

// interner numbers lines by their bytes.
type interner map[string]int32

func (in interner) cut(data []byte) *file {
	text := string(data)
	n := strings.Count(text, "\n") + 1
	f := &file{text: text, ends: make([]int32, 1, n+1), ids: make([]int32, 0, n)}
	for start := 0; start < len(text); {
		end := len(text)
		if i := strings.IndexByte(text[start:], '\n'); i >= 0 {
			end = start + i + 1
		}
		line := text[start:end]
		id, known := in[line]
		if !known {
			id = int32(len(in))
			in[line] = id
		}
		f.ids = append(f.ids, id)
		f.ends = append(f.ends, int32(end))
		start = end
	}
	return f
}
