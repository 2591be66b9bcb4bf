package runner

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"slices"
)

// Mark stands where a secret was.
const Mark = "***"

// minSecret is how long a value must be, in bytes, to be looked for. Shorter ones can be guessed, and replacing every "1" or "no" would
// make a report unreadable.
const minSecret = 4

// Redactor knows values that must not be read by people. The zero Redactor knows none.
type Redactor struct {
	patterns [][]byte // longest first
	first    [256]bool
}

// NewRedactor looks for values of at least 4 bytes: as they are, line by line, and as base64, URLs and JSON write them.
func NewRedactor(values ...[]byte) *Redactor {
	r := &Redactor{}
	for _, v := range values {
		r.add(v)
		r.add(bytes.TrimSpace(v))
		for line := range bytes.Lines(v) {
			r.add(bytes.TrimSpace(line))
		}
		for _, v := range [][]byte{v, bytes.TrimSpace(v)} {
			r.add([]byte(base64.StdEncoding.EncodeToString(v)))
			r.add([]byte(base64.RawStdEncoding.EncodeToString(v)))
			r.add([]byte(base64.RawURLEncoding.EncodeToString(v)))
			r.add([]byte(url.QueryEscape(string(v))))
			r.add([]byte(url.PathEscape(string(v))))
			if quoted, err := json.Marshal(string(v)); err == nil {
				r.add(quoted[1 : len(quoted)-1])
			}
		}
	}
	slices.SortFunc(r.patterns, func(a, b []byte) int { return len(b) - len(a) })
	return r
}

func (r *Redactor) add(pattern []byte) {
	known := func(p []byte) bool { return bytes.Equal(p, pattern) }
	if len(pattern) < minSecret || slices.ContainsFunc(r.patterns, known) {
		return
	}
	r.patterns = append(r.patterns, bytes.Clone(pattern))
	r.first[pattern[0]] = true
}

// String returns s without secrets.
func (r *Redactor) String(s string) string {
	var b bytes.Buffer
	w := r.Writer(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// Writer passes on to w what is written to it, without secrets, also where a secret is split over several writes. Bytes that may be the
// beginning of a secret are held back until more is known; Close writes them. It does not close w.
func (r *Redactor) Writer(w io.Writer) io.WriteCloser {
	if len(r.patterns) == 0 {
		return passThrough{w}
	}
	return &redacting{Redactor: r, w: w}
}

type passThrough struct{ io.Writer }

func (passThrough) Close() error { return nil }

type redacting struct {
	*Redactor
	w       io.Writer
	held    []byte // not judged yet
	covered int    // how many of the coming bytes belong to a secret whose Mark is written
}

func (r *redacting) Write(p []byte) (int, error) {
	r.held = append(r.held, p...)
	return len(p), r.pass(false)
}

func (r *redacting) Close() error { return r.pass(true) }

// pass writes what can be judged. Secrets that overlap are covered together, so that none leaves a part of itself.
func (r *redacting) pass(last bool) error {
	out := make([]byte, 0, len(r.held))
	i := 0
	for ; i < len(r.held); i++ {
		rest := r.held[i:]
		if r.first[rest[0]] {
			length, undecided := r.match(rest)
			if undecided && !last {
				break
			}
			if length > r.covered {
				if r.covered == 0 {
					out = append(out, Mark...)
				}
				r.covered = length
			}
		}
		if r.covered > 0 {
			r.covered--
			continue
		}
		out = append(out, rest[0])
	}
	r.held = append(r.held[:0], r.held[i:]...)
	if len(out) == 0 {
		return nil
	}
	_, err := r.w.Write(out)
	return err
}

// match returns the length of the longest secret that b starts with, and whether b may be the beginning of a longer one.
func (r *Redactor) match(b []byte) (length int, undecided bool) {
	for _, p := range r.patterns {
		switch {
		case len(p) > len(b):
			undecided = undecided || bytes.HasPrefix(p, b)
		case bytes.HasPrefix(b, p):
			return len(p), undecided
		}
	}
	return 0, undecided
}
