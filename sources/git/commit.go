package git

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// NewCommit says what a commit is made of.
type NewCommit struct {
	// Tree is the zero Hash for the empty tree.
	Tree              Hash
	Parents           []Hash
	Author, Committer Signature
	// Message is written as it is, in UTF-8; by custom it ends in a newline.
	Message string
	// Sign signs the commit, unless it is nil.
	Sign Signer
}

// Signer signs commits.
type Signer interface {
	// Sign returns the armoured signature of the bytes of a commit.
	Sign(commit []byte) (armor string, err error)
}

// WriteCommit writes a commit. Its tree and parents must be in s or in the
// repository, else the error wraps [ErrNotFound]; a message with a NUL byte and a
// signer that fails are errors too. The same NewCommit without Sign yields the same
// Hash always.
func (s *Scratch) WriteCommit(n NewCommit) (Hash, error) {
	h, err := s.writeCommit(n)
	if err != nil {
		return Hash{}, fmt.Errorf("write commit: %w", err)
	}
	return h, nil
}

func (s *Scratch) writeCommit(n NewCommit) (Hash, error) {
	if n.Tree.IsZero() {
		n.Tree = s.put(plumbing.TreeObject, nil)
	}
	for _, h := range append([]Hash{n.Tree}, n.Parents...) {
		ok, err := s.has(h)
		if err != nil {
			return Hash{}, err
		}
		if !ok {
			return Hash{}, fmt.Errorf("its tree or parent %s: %w", h, ErrNotFound)
		}
	}
	header, err := n.header()
	if err != nil {
		return Hash{}, err
	}
	body := "\n" + n.Message
	if n.Sign == nil {
		return s.put(plumbing.CommitObject, []byte(header+body)), nil
	}
	armor, err := n.Sign.Sign([]byte(header + body))
	if err != nil {
		return Hash{}, fmt.Errorf("sign: %w", err)
	}
	return s.put(plumbing.CommitObject, []byte(header+signatureHeader(armor)+body)), nil
}

func (n NewCommit) header() (string, error) {
	if strings.Contains(n.Message, "\x00") {
		return "", errors.New("the message holds a NUL byte, where Git would cut it off")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "tree %s\n", n.Tree)
	for _, p := range n.Parents {
		fmt.Fprintf(&b, "parent %s\n", p)
	}
	fmt.Fprintf(&b, "author %s\ncommitter %s\n", n.Author, n.Committer)
	return b.String(), nil
}

// signatureHeader is the gpgsig header as Git writes it: every further line is
// indented by a space.
func signatureHeader(armor string) string {
	return "gpgsig " + strings.ReplaceAll(strings.TrimRight(armor, "\n"), "\n", "\n ") + "\n"
}

// String is the signature as commits hold it: "Name <email> seconds zone".
// Characters that would break the line are left out, as Git does.
func (s Signature) String() string {
	return fmt.Sprintf("%s <%s> %d %s", clean(s.Name), clean(s.Email), s.When.Unix(), s.When.Format("-0700"))
}

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '<' || r == '>' || r == '\n' || r == 0 {
			return -1
		}
		return r
	}, s)
	return strings.Trim(s, " .,:;\"\\'\r\t")
}
