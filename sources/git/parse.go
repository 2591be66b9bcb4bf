package git

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// parseTree reads a stored tree. Names that could lead out of a tree are
// refused here, so that no reader of trees has to think of them.
func parseTree(h Hash, data []byte) ([]Entry, error) {
	// The shortest usual entry: "100644 a\0" and a hash.
	entries := make([]Entry, 0, len(data)/40+1)
	for len(data) > 0 {
		mode, rest, ok := bytes.Cut(data, []byte{' '})
		name, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(rest) < len(Hash{}) {
			return nil, fmt.Errorf("tree %s: entry %d is cut short: %w", h, len(entries), ErrCorrupt)
		}
		bits, err := strconv.ParseUint(string(mode), 8, 32)
		if err != nil {
			return nil, fmt.Errorf("tree %s: entry %q has mode %q: %w", h, name, mode, ErrCorrupt)
		}
		e := Entry{Name: string(name), Mode: canonicalMode(uint32(bits)), Hash: Hash(rest[:len(Hash{})])}
		if err := checkName(e.Name); err != nil {
			return nil, fmt.Errorf("tree %s: %w", h, err)
		}
		entries = append(entries, e)
		data = rest[len(Hash{}):]
	}
	if err := sortEntries(entries); err != nil {
		return nil, fmt.Errorf("tree %s: %w", h, err)
	}
	return entries, nil
}

// canonicalMode maps the modes that trees were ever written with onto the five
// that mean something, as Git does when it reads them.
func canonicalMode(bits uint32) filemode.FileMode {
	switch bits & 0o170000 {
	case 0o040000:
		return filemode.Dir
	case 0o120000:
		return filemode.Symlink
	case 0o100000:
		if bits&0o100 != 0 {
			return filemode.Executable
		}
		return filemode.Regular
	default:
		return filemode.Submodule
	}
}

// sortEntries sorts as Git does, where a directory's name ends in a slash, and
// reports names that appear twice.
func sortEntries(entries []Entry) error {
	if !slices.IsSortedFunc(entries, compareEntries) {
		slices.SortFunc(entries, compareEntries)
	}
	for i, e := range entries {
		// A file and a directory of the same name may have others between
		// them ("a", "a.b", "a/"), all of which have the name as a prefix.
		for _, next := range entries[i+1:] {
			if next.Name == e.Name {
				return fmt.Errorf("entry %q appears twice: %w", e.Name, ErrCorrupt)
			}
			if !strings.HasPrefix(next.Name, e.Name) {
				break
			}
		}
	}
	return nil
}

func compareEntries(a, b Entry) int {
	n := min(len(a.Name), len(b.Name))
	if c := strings.Compare(a.Name[:n], b.Name[:n]); c != 0 {
		return c
	}
	return int(a.at(n)) - int(b.at(n))
}

// at returns the byte of the sort key at i, where i is at most the length of
// the name.
func (e Entry) at(i int) byte {
	switch {
	case i < len(e.Name):
		return e.Name[i]
	case e.Mode == filemode.Dir:
		return '/'
	default:
		return 0
	}
}

// parseCommit reads a stored commit.
func parseCommit(h Hash, data []byte) (*Commit, error) {
	c := &Commit{Hash: h}
	var armor strings.Builder
	signed := make([]byte, 0, len(data))
	var headers []string // so far; a continuation line belongs to the last
	rest := data
	for len(rest) > 0 && rest[0] != '\n' {
		var line []byte
		line, rest = cutLine(rest)
		value, continues := bytes.CutPrefix(line, []byte{' '})
		if !continues {
			var header string
			header, value = cutHeader(line)
			if err := c.set(header, string(value), headers); err != nil {
				return nil, fmt.Errorf("commit %s: header %q: %w: %w", h, header, ErrCorrupt, err)
			}
			headers = append(headers, header)
		}
		switch last(headers) {
		case "gpgsig":
			armor.Write(value)
			armor.WriteByte('\n')
		case "gpgsig-sha256": // signs another form of the commit, and is signed by none
		default:
			signed = append(append(signed, line...), '\n')
		}
	}
	if c.Tree.IsZero() {
		return nil, fmt.Errorf("commit %s: has no tree: %w", h, ErrCorrupt)
	}
	c.Message = strings.TrimPrefix(string(rest), "\n")
	if armor.Len() > 0 {
		c.Armor = armor.String()
		c.Signed = append(signed, rest...)
	}
	return c, nil
}

func cutLine(data []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(data, []byte{'\n'})
	return line, rest
}

func cutHeader(line []byte) (string, []byte) {
	name, value, _ := bytes.Cut(line, []byte{' '})
	return string(name), value
}

func last(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	return headers[len(headers)-1]
}

// set takes one header that comes after others. As for Git, parents count only
// where they belong, right after the tree, and of the other headers the first: a
// commit must not be one thing to Git and another to us.
func (c *Commit) set(header, value string, before []string) (err error) {
	if header == "parent" {
		if previous := last(before); previous != "tree" && previous != "parent" {
			return nil
		}
	} else if slices.Contains(before, header) {
		return nil
	}
	switch header {
	case "tree":
		c.Tree, err = ParseHash(value)
	case "parent":
		var p Hash
		p, err = ParseHash(value)
		c.Parents = append(c.Parents, p)
	case "author":
		c.Author = parseSignature(value)
	case "committer":
		c.Committer = parseSignature(value)
	case "encoding":
		c.Encoding = value
	}
	return err
}

// parseSignature reads "Name <email> seconds zone". Old tools wrote many broken
// ones, so what cannot be read stays zero.
func parseSignature(s string) Signature {
	name, rest, _ := strings.Cut(s, "<")
	end := strings.LastIndexByte(rest, '>')
	if end < 0 {
		return Signature{Name: strings.TrimSpace(s)}
	}
	sig := Signature{Name: strings.TrimSpace(name), Email: strings.TrimSpace(rest[:end])}
	fields := strings.Fields(rest[end+1:])
	if len(fields) == 0 {
		return sig
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return sig
	}
	sig.When = time.Unix(seconds, 0).UTC()
	if len(fields) > 1 {
		if zone, err := time.Parse("-0700", fields[1]); err == nil {
			sig.When = sig.When.In(zone.Location())
		}
	}
	return sig
}
