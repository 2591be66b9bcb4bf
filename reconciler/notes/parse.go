package notes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/sources/sync"
)

// block is a paragraph of a note that begins as Assay's do.
type block struct {
	start, end int    // of its lines in the note
	text       string // its lines, the last one ended
	key        history.Key
	Verdict
	// err says why it cannot be read as a Verdict.
	err error
}

var (
	headPattern    = regexp.MustCompile(`^` + lineHead + `: (\S+?)/(\S+) (\S+)$`)
	namePattern    = regexp.MustCompile(`^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$`)
	idPattern      = regexp.MustCompile(`^[0-9a-f]{16}$`)
	commitPattern  = regexp.MustCompile(`^[0-9a-f]{40}$`)
	digestPattern  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	outcomes       = []gate.Outcome{gate.Passed, gate.Failed, gate.Inconclusive}
	errNotAVerdict = errors.New("it is not as Assay writes it")
)

// Parse reads the Verdicts of a note, in its order. What looks like one and cannot be read is an error for each, which says why; everything
// else in the note is passed over.
func Parse(note []byte) (found []Verdict, problems []error) {
	for _, b := range blocks(string(note)) {
		if b.err != nil {
			problems = append(problems, fmt.Errorf("%s/%s: %w", b.key.Environment, b.key.Gate, b.err))
			continue
		}
		found = append(found, b.Verdict)
	}
	return found, problems
}

// blocks finds the paragraphs that begin as Assay's do.
func blocks(note string) (found []block) {
	for start := 0; start < len(note); {
		end := start
		var lines []string
		for end < len(note) {
			line, _, ended := strings.Cut(note[end:], "\n")
			if strings.TrimSpace(line) == "" {
				if len(lines) == 0 {
					end += len(line) + 1
					start = min(end, len(note))
					continue
				}
				break
			}
			lines = append(lines, line)
			end += len(line)
			if ended {
				end++
			}
		}
		if len(lines) > 0 {
			if head := headPattern.FindStringSubmatch(lines[0]); head != nil {
				b := block{start: start, end: end, text: strings.Join(lines, "\n") + "\n", key: history.Key{Environment: head[1], Gate: head[2]}}
				b.Verdict, b.err = readVerdict(head, lines[1:], b.text)
				found = append(found, b)
			}
		}
		start = end
	}
	return found
}

// readVerdict reads a block, which is one only if Assay would write the same.
func readVerdict(head, lines []string, written string) (v Verdict, err error) {
	v.Key, v.Outcome = history.Key{Environment: head[1], Gate: head[2]}, gate.Outcome(head[3])
	if !namePattern.MatchString(v.Key.Environment) || !namePattern.MatchString(v.Key.Gate) || !slices.Contains(outcomes, v.Outcome) {
		return v, errNotAVerdict
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		if err := v.readLine(name, value); err != nil {
			return v, fmt.Errorf("line %q: %w", line, err)
		}
	}
	if v.At.IsZero() || v.Verification == "" || v.DigestKey == "" || len(v.Targets) == 0 || v.String() != written {
		return v, errNotAVerdict
	}
	return v, nil
}

// readLine reads one line into the Verdict.
func (v *Verdict) readLine(name, value string) (err error) {
	switch name {
	case lineReason:
		v.Reason = value
	case lineCause:
		v.Cause = value
	case lineAt:
		v.At, err = time.Parse(time.RFC3339Nano, value)
	case lineInherited:
		v.Inherited, err = time.Parse(time.RFC3339Nano, value)
	case lineVerification:
		v.Verification, err = matching(idPattern, value)
	case lineDigestKey:
		v.DigestKey, err = matching(idPattern, value)
	case lineSameAs:
		v.SameAs, err = matching(commitPattern, value)
	case lineTarget:
		return v.readTarget(strings.Split(value, " "))
	case lineSource:
		return v.readSource(strings.Split(value, " "))
	case lineTests:
		return v.readTests(strings.Split(value, " "))
	default:
		return errors.New("no such line is known")
	}
	return err
}

func (v *Verdict) readTarget(fields []string) (err error) {
	if len(fields) != 4 {
		return errNotAVerdict
	}
	t := history.TargetState{Exercised: fields[1] == exercised, Outcome: sync.Outcome(fields[2])}
	if t.Target, err = untarget(fields[0]); err != nil {
		return err
	}
	if fields[1] != exercised && fields[1] != followed || t.Outcome != sync.Applied && t.Outcome != sync.Failed {
		return errNotAVerdict
	}
	if fields[3] != nothing {
		t.Digest, err = matching(digestPattern, fields[3])
	}
	v.Targets = append(v.Targets, t)
	return err
}

func (v *Verdict) readSource(fields []string) (err error) {
	if len(fields) != 4 || len(v.Targets) == 0 {
		return errNotAVerdict
	}
	var r sync.Revision
	for i, into := range []*string{&r.Repository, &r.Branch, &r.Path} {
		if *into, err = unfield(fields[i]); err != nil {
			return err
		}
	}
	r.Commit, err = matching(commitPattern, fields[3])
	t := &v.Targets[len(v.Targets)-1]
	t.Revisions = append(t.Revisions, r)
	return err
}

func (v *Verdict) readTests(fields []string) (err error) {
	if len(fields) != 3 {
		return errNotAVerdict
	}
	if v.Tests.Repository, err = unfield(fields[0]); err != nil {
		return err
	}
	v.Tests.Digest = fields[2]
	if v.Tests.Commit, err = matching(commitPattern, fields[1]); err == nil {
		_, err = matching(digestPattern, fields[2])
	}
	return err
}

func matching(pattern *regexp.Regexp, value string) (string, error) {
	if !pattern.MatchString(value) {
		return "", errNotAVerdict
	}
	return value, nil
}
