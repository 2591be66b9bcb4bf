// Package notes is the form of Verdicts in Git: notes of verified commits, under Ref, that people read with `git log --notes=assay` and
// Assay reads back when its history is lost. In go Verdicts, and the notes that are there; out come notes that hold both, and the last
// Passed states that are vouched for. Whatever is read is others' data: what is not exactly as Assay writes it is refused with the reason,
// and nothing counts that no trusted key signed. It runs nothing, and pushes nothing.
package notes

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// Ref is the reference of the notes.
const Ref = "refs/notes/assay"

// Verdict is what a note says of one Gate on a commit.
type Verdict struct {
	Key     history.Key
	Outcome gate.Outcome
	// Reason of the Verdict and its Cause, for people; the Cause is empty where there is none.
	Reason, Cause string
	// At is when it was given, after its Suites had run.
	At           time.Time
	Verification string // its ID
	// Targets that were verified, without the URLs of their repositories, which nobody should be told by a note.
	Targets []history.TargetState
	Tests   history.TestsState
	// SameAs is the commit whose Verdict this one inherited, and Inherited when; zero for one that was verified itself.
	SameAs    string
	Inherited time.Time
	// DigestKey is the Fingerprint of the key that the digests are made with: digests of different keys do not compare.
	DigestKey string
}

// Fingerprint names a key of digests without giving it away.
func Fingerprint(key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("assay: name of the key of digests"))
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// newer tells which of two Verdicts of the same Gate was given later, or inherited later where they are the same.
func (v Verdict) newer(than Verdict) bool {
	if !v.At.Equal(than.At) {
		return v.At.After(than.At)
	}
	return v.Inherited.After(than.Inherited)
}

// The names of a block's lines.
const (
	lineHead         = "Assay"
	lineReason       = "Reason"
	lineCause        = "Cause"
	lineAt           = "At"
	lineVerification = "Verification"
	lineTarget       = "Target"
	lineSource       = "Source"
	lineTests        = "Tests"
	lineSameAs       = "Same-As"
	lineInherited    = "Inherited-At"
	lineDigestKey    = "Digest-Key"
)

// String is the block that a note holds: lines of a name and a value, the last one ended.
func (v Verdict) String() string {
	var b strings.Builder
	line := func(name string, fields ...string) {
		if value := strings.Join(fields, " "); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	line(lineHead, v.Key.Environment+"/"+v.Key.Gate, string(v.Outcome))
	line(lineReason, text(v.Reason))
	line(lineCause, text(v.Cause))
	line(lineAt, v.At.UTC().Format(time.RFC3339Nano))
	line(lineVerification, v.Verification)
	for _, t := range v.Targets {
		part := followed
		if t.Exercised {
			part = exercised
		}
		line(lineTarget, target(t.Target), part, string(t.Outcome), field(t.Digest))
		for _, r := range t.Revisions {
			line(lineSource, field(r.Repository), field(r.Branch), field(r.Path), r.Commit)
		}
	}
	line(lineTests, field(v.Tests.Repository), v.Tests.Commit, v.Tests.Digest)
	line(lineSameAs, v.SameAs)
	if !v.Inherited.IsZero() {
		line(lineInherited, v.Inherited.UTC().Format(time.RFC3339Nano))
	}
	line(lineDigestKey, v.DigestKey)
	return b.String()
}

// What a Gate has to do with a Target.
const (
	followed  = "followed"
	exercised = "exercised"
)

// textLength bounds a reason, in characters: the whole of it is in the history.
const textLength = 300

// text is words in one line, which steer no terminal.
func text(words string) string {
	shown := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) {
			return unicode.ReplacementChar
		}
		return r
	}, words)
	line := []rune(strings.Join(strings.Fields(shown), " "))
	if len(line) > textLength {
		line = append(line[:textLength-1], '…')
	}
	return string(line)
}
