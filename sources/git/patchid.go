package git

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"hash"
	"strings"

	"github.com/assay-dev/assay/sources/git/linediff"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// contextLines is how many unchanged lines a patch shows around a change.
const contextLines = 3

// PatchID identifies what a commit changes, whatever it is applied to: line
// numbers and white space do not count. It is what
//
//	git diff-tree -p --full-index --no-renames COMMIT^1 COMMIT | git patch-id --stable
//
// prints first (Git 2.39 or later). A merge is taken as the change to its first
// parent, a root commit as the change to the empty tree. A commit that changes
// nothing has the empty id.
func PatchID(ctx context.Context, o Objects, commit Hash) (string, error) {
	return patchID(ctx, o, commit, false)
}

// ExactPatchID is a [PatchID] to which white space counts, as it does in YAML:
// what git patch-id --verbatim prints.
func ExactPatchID(ctx context.Context, o Objects, commit Hash) (string, error) {
	return patchID(ctx, o, commit, true)
}

func patchID(ctx context.Context, o Objects, commit Hash, exact bool) (string, error) {
	id, err := hashPatch(ctx, o, commit, exact)
	if err != nil {
		return "", fmt.Errorf("patch id of commit %s: %w", commit, err)
	}
	return id, nil
}

func hashPatch(ctx context.Context, o Objects, commit Hash, exact bool) (string, error) {
	c, err := o.Commit(ctx, commit)
	if err != nil {
		return "", err
	}
	parent := &Commit{}
	if len(c.Parents) > 0 {
		if parent, err = o.Commit(ctx, c.Parent()); err != nil {
			return "", err
		}
	}
	changes, err := Diff(ctx, o, parent.Tree, c.Tree)
	if err != nil || len(changes) == 0 {
		return "", err
	}
	p := &patchHash{ctx: ctx, objects: o, exact: exact, file: sha1.New()}
	for _, change := range changes {
		for _, part := range splitTypes(change) {
			if err := p.change(part); err != nil {
				return "", fmt.Errorf("%s: %w", change.Path, err)
			}
		}
	}
	p.endFile()
	return fmt.Sprintf("%x", p.sum), nil
}

// splitTypes turns a change of type, say of a file into a symbolic link, into
// the deletion and addition that a patch shows.
func splitTypes(c Change) []Change {
	if c.From.IsZero() || c.To.IsZero() || kindOf(c.From.Mode) == kindOf(c.To.Mode) {
		return []Change{c}
	}
	return []Change{{Path: c.Path, From: c.From}, {Path: c.Path, To: c.To}}
}

func kindOf(m filemode.FileMode) filemode.FileMode {
	if m == filemode.Executable {
		return filemode.Regular
	}
	return m
}

// patchHash takes a patch file by file. The hashes of files are added up, so
// that their order does not count.
type patchHash struct {
	ctx     context.Context
	objects Objects
	exact   bool // white space counts
	file    hash.Hash
	sum     [sha1.Size]byte
	last    part
}

// part says what the last file was to the patch. Git reads the text of a patch,
// and some of what it makes of it is an accident that has become the definition.
type part uint8

const (
	// headersOnly: there were no lines (a change of mode, an empty file). Git takes
	// the next file for a part of this one.
	headersOnly part = iota
	// textual: the hash of the file is added when the next one begins.
	textual
	// binaryFile: the hash was added at once, and the first line of the next file is
	// left out.
	binaryFile
)

// endFile adds the hash of the file to the sum, as numbers with the lowest byte
// first.
func (p *patchHash) endFile() {
	carry := 0
	for i, b := range p.file.Sum(nil) {
		carry += int(p.sum[i]) + int(b)
		p.sum[i] = byte(carry)
		carry >>= 8
	}
	p.file.Reset()
}

// line adds a line of the patch, without its white space unless that counts.
func (p *patchHash) line(sign string, text []byte) {
	if p.exact {
		p.file.Write([]byte(sign))
		p.file.Write(text)
		if !bytes.HasSuffix(text, []byte("\n")) {
			p.file.Write([]byte("\n\\ No newline at end of file\n"))
		}
		return
	}
	p.file.Write([]byte(strings.TrimSpace(sign)))
	for word := range bytes.FieldsFuncSeq(text, isSpace) {
		p.file.Write(word)
	}
}

func isSpace(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' }

func (p *patchHash) header(format string, args ...any) {
	p.line("", fmt.Appendf(nil, format+"\n", args...))
}

func (p *patchHash) change(c Change) error {
	before, err := p.content(c.From)
	if err != nil {
		return err
	}
	after, err := p.content(c.To)
	if err != nil {
		return err
	}
	oldName, newName := quotePath("a/"+c.Path), quotePath("b/"+c.Path)
	if p.last == textual {
		p.endFile()
	}
	if p.last != binaryFile {
		p.header("diff --git %s %s", oldName, newName)
	}
	switch {
	case c.From.IsZero():
		p.header("new file mode %o", uint32(c.To.Mode))
		oldName = "/dev/null"
	case c.To.IsZero():
		p.header("deleted file mode %o", uint32(c.From.Mode))
		newName = "/dev/null"
	case c.From.Mode != c.To.Mode:
		p.header("old mode %o", uint32(c.From.Mode))
		p.header("new mode %o", uint32(c.To.Mode))
	}
	switch {
	case bytes.Equal(before, after):
		p.last = headersOnly
	case linediff.Binary(before) || linediff.Binary(after):
		fmt.Fprintf(p.file, "%s%s", c.From.Hash, c.To.Hash)
		p.endFile()
		p.last = binaryFile
	default:
		p.header("--- %s", endPath(oldName))
		p.header("+++ %s", endPath(newName))
		p.hunks(before, after)
		p.last = textual
	}
	return nil
}

// content returns what a patch shows of an entry.
func (p *patchHash) content(e Entry) ([]byte, error) {
	switch {
	case e.IsZero():
		return nil, nil
	case e.Mode == filemode.Submodule:
		return fmt.Appendf(nil, "Subproject commit %s\n", e.Hash), nil
	default:
		return p.objects.Blob(p.ctx, e.Hash)
	}
}

// hunks adds the changed lines with their context. Where one hunk ends and the
// next begins does not count, so context is whatever is near a change.
func (p *patchHash) hunks(before, after []byte) {
	lines := linediff.Lines{}
	a, b := lines.Cut(before), lines.Cut(after)
	changes := linediff.Myers(a, b)
	shown := 0 // lines of a
	for i, c := range changes {
		end, next := c.A+c.ALen, a.Len()
		if i+1 < len(changes) {
			next = changes[i+1].A
		}
		p.lines(" ", a, max(shown, c.A-contextLines), c.A)
		p.lines("-", a, c.A, end)
		p.lines("+", b, c.B, c.B+c.BLen)
		shown = min(end+contextLines, next)
		p.lines(" ", a, end, shown)
	}
}

func (p *patchHash) lines(sign string, t *linediff.Text, from, to int) {
	for i := from; i < to; i++ {
		p.line(sign, t.Line(i))
	}
}

// endPath marks the end of a path that holds spaces, as a patch does.
func endPath(name string) string {
	if strings.Contains(name, " ") {
		return name + "\t"
	}
	return name
}

// quotePath writes a path as a patch does: in quotes if it holds control
// characters, quotes, backslashes or bytes beyond ASCII.
func quotePath(path string) string {
	var b strings.Builder
	for i := range len(path) {
		c := path[i]
		switch at := strings.IndexByte("\a\b\t\n\v\f\r\"\\", c); {
		case at >= 0:
			b.WriteByte('\\')
			b.WriteByte("abtnvfr\"\\"[at])
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, "\\%03o", c)
		default:
			b.WriteByte(c)
		}
	}
	if b.Len() == len(path) {
		return path
	}
	return `"` + b.String() + `"`
}
