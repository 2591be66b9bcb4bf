package plain

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// event is what a record says happened.
type event string

const (
	opened    event = "opened"
	rewritten event = "rewritten" // the text was replaced
	commented event = "commented"
	closed    event = "closed"
)

// record is a commit that a proposal's reference holds: title and text as its message, and what happened as its trailers. Its first parent
// is the record before; that of the first is the proposal's head, so that git log shows a proposal with all that was said, and its commits.
type record struct {
	event       event
	base        string
	head        git.Hash
	title, text string
}

// trailers end the message of a record.
var trailers = regexp.MustCompile(`(?s)^(.*?)\n(?:\n(.*)\n)?\nAssay-Record: (\w+)\nAssay-Base: ([^\n]+)\nAssay-Head: ([0-9a-f]{40})\n$`)

func (r record) message() string {
	message := r.title + "\n"
	if r.text != "" {
		message += "\n" + r.text + "\n"
	}
	return message + fmt.Sprintf("\nAssay-Record: %s\nAssay-Base: %s\nAssay-Head: %s\n", r.event, r.base, r.head)
}

func parseRecord(c *git.Commit) (record, error) {
	match := trailers.FindStringSubmatch(c.Message)
	if match == nil {
		return record{}, fmt.Errorf("commit %s is no record of a proposal: somebody else wrote to its reference", c.Hash)
	}
	head, err := git.ParseHash(match[5])
	return record{title: match[1], text: match[2], event: event(match[3]), base: match[4], head: head}, err
}

// proposal is what the records of one reference come to.
type proposal struct {
	record          // the text as it was last written, at the head that was last recorded
	tip    git.Hash // the last record
	closed bool
	by     string // who wrote it
}

// readProposal goes through the records from the last one back.
func readProposal(ctx context.Context, o git.Objects, tip git.Hash) (*proposal, error) {
	var p *proposal
	for at := tip; ; {
		c, err := o.Commit(ctx, at)
		if err != nil {
			return nil, fmt.Errorf("read the record %s: %w", at, err)
		}
		r, err := parseRecord(c)
		if err != nil {
			return nil, err
		}
		if p == nil {
			p = &proposal{record: r, tip: tip, closed: r.event == closed, by: c.Committer.Name}
		}
		if r.event == opened || r.event == rewritten {
			p.title, p.text = r.title, r.text
			return p, nil
		}
		at = c.Parent()
	}
}

// write adds a record and returns the commit that holds it, for the reference to be moved there.
func (p *Provider) write(ctx context.Context, r record, previous git.Hash) (git.Hash, error) {
	repository := p.mirror.Repository()
	head, err := repository.Commit(ctx, r.head)
	if err != nil {
		return git.Hash{}, err
	}
	parents := []git.Hash{r.head}
	if !previous.IsZero() {
		parents = []git.Hash{previous, r.head}
	}
	scratch := repository.Scratch()
	r.title = strings.Join(strings.Fields(r.title), " ")
	r.text = strings.Trim(strings.ReplaceAll(r.text, "\x00", ""), "\n")
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: head.Tree, Parents: parents, Author: head.Committer, Committer: head.Committer, Message: r.message()})
	if err != nil {
		return git.Hash{}, err
	}
	return commit, scratch.Flush(ctx)
}
