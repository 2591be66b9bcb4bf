package yamlmerge

import (
	"bytes"
	"path"
	"reflect"
	"slices"
	"strings"
)

// Merge merges three versions of the file at name. It is not ok if that is not a YAML file, if one of the versions does
// not parse, or if the structure conflicts too.
func Merge(name string, base, ours, theirs []byte) (merged []byte, ok bool) {
	if extension := path.Ext(name); extension != ".yaml" && extension != ".yml" {
		return nil, false
	}
	var versions [3]*node
	for i, data := range [...][]byte{base, ours, theirs} {
		file, err := parse(data)
		if err != nil || len(file.parts) == 0 {
			return nil, false
		}
		versions[i] = file
	}
	if one(versions) {
		for _, file := range versions {
			file.parts[0].key = "" // the only document stays what it is, whatever its name
		}
	}
	decided, ok := merge(versions[0], versions[1], versions[2])
	if !ok {
		return nil, false
	}
	text := join(decided.lines)
	if !bytes.HasSuffix(ours, []byte("\n")) {
		text = strings.TrimSuffix(text, "\n")
	}
	written, err := parse([]byte(text))
	if err != nil || !reflect.DeepEqual(written.value, decided.value) {
		return nil, false
	}
	return []byte(text), true
}

// one says that every version holds one document.
func one(versions [3]*node) bool {
	for _, file := range versions {
		if len(file.parts) != 1 {
			return false
		}
	}
	return true
}

// join puts lines together. One that ended its file without a newline gets one.
func join(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// decision is what a part of the file comes to: its lines, and the value they must hold.
type decision struct {
	lines []string
	value any
}

// merge decides on a part that all three versions have.
func merge(base, ours, theirs *node) (decision, bool) {
	switch {
	case slices.Equal(ours.text(), base.text()):
		return theirs.take(ours.column), true
	case slices.Equal(theirs.text(), base.text()), equal(ours, theirs):
		return ours.take(ours.column), true
	case ours.shape != atom && ours.shape == base.shape && ours.shape == theirs.shape:
		if d, ok := mergeParts(base, ours, theirs); ok {
			return d, true
		}
	}
	switch {
	case equal(base, theirs): // only comments or formatting changed there
		return ours.take(ours.column), true
	case equal(base, ours):
		return theirs.take(ours.column), true
	}
	return decision{}, false
}

func equal(a, b *node) bool { return reflect.DeepEqual(a.value, b.value) }

// mergeParts decides part by part, in the order of ours. What theirs added goes after the part that it follows there.
func mergeParts(base, ours, theirs *node) (decision, bool) {
	inBase, inOurs, inTheirs := base.index(), ours.index(), theirs.index()
	if inBase == nil || inOurs == nil || inTheirs == nil || base.named != ours.named || ours.named != theirs.named {
		return decision{}, false
	}
	p := &parts{decided: map[string]decision{}}
	for _, part := range ours.parts {
		before, there := inBase[part.key], inTheirs[part.key]
		switch {
		case before != nil && there != nil:
			d, ok := merge(before, part, there)
			if !ok {
				return decision{}, false
			}
			p.put(part.key, d)
		case before != nil && !equal(before, part), there != nil && !equal(there, part):
			return decision{}, false // removed there and changed here, or added differently
		case before == nil:
			p.put(part.key, part.take(part.column))
			p.addedByOurs = p.addedByOurs || there == nil
		}
	}
	for _, part := range theirs.parts {
		before := inBase[part.key]
		switch {
		case inOurs[part.key] != nil:
			p.after(part.key)
		case before == nil:
			p.insert(part.key, part.take(ours.parts[0].column))
			p.addedByTheirs = true
		case !equal(before, part):
			return decision{}, false // removed here and changed there
		}
	}
	for key := range inBase {
		goneTwice := inOurs[key] == nil && inTheirs[key] == nil
		if ours.named == "" && ours.shape != mapping && goneTwice && p.addedByOurs && p.addedByTheirs {
			return decision{}, false // what has no name may have become two different things
		}
	}
	return p.assemble(ours, mergeHeads(base, ours, theirs)), true
}

// parts are the decided parts of a node, in their new order.
type parts struct {
	keys    []string
	decided map[string]decision
	next    int // where what comes next in theirs belongs

	addedByOurs, addedByTheirs bool
}

func (p *parts) put(key string, d decision) {
	p.keys = append(p.keys, key)
	p.decided[key] = d
}

func (p *parts) insert(key string, d decision) {
	p.keys = slices.Insert(p.keys, p.next, key)
	p.decided[key] = d
	p.next++
}

// after moves on behind a part, if it was kept.
func (p *parts) after(key string) {
	if i := slices.Index(p.keys, key); i >= 0 {
		p.next = i + 1
	}
}

// assemble makes one decision of many.
func (p *parts) assemble(n *node, head []string) decision {
	d := decision{lines: slices.Clone(head)}
	fields, items := map[string]any{}, []any{}
	for _, key := range p.keys {
		part := p.decided[key]
		d.lines = append(d.lines, part.lines...)
		items = append(items, part.value)
		fields[key] = part.value
	}
	if d.value = any(items); n.shape == mapping {
		d.value = fields
	}
	return d
}

// mergeHeads takes what comes before the first part from the side that changed it, or from ours.
func mergeHeads(base, ours, theirs *node) []string {
	if slices.Equal(base.head(), ours.head()) {
		return theirs.head()
	}
	return ours.head()
}
