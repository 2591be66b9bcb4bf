package git_test

import (
	"fmt"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"

	"github.com/assay-dev/assay/sources/git"
)

// fill adds commits number from to to-1 to a branch, each of which writes its
// number to count and to a folder of its own.
func (r remoteRepo) fill(branch string, from, to int) {
	r.t.Helper()
	r.pipe(stream(branch, from, to), "fast-import", "--quiet", "--force")
}

// stream is fill's input for `git fast-import`.
func stream(branch string, from, to int) string {
	var s strings.Builder
	for i := from; i < to; i++ {
		message, content := fmt.Sprintf("change %d", i), fmt.Sprintf("%d\n", i)
		fmt.Fprintf(&s, "commit refs/heads/%s\ncommitter a <a@example.org> %d +0000\ndata %d\n%s\n", branch, 1_700_000_000+60*i, len(message), message)
		if i == from && from > 0 {
			fmt.Fprintf(&s, "from refs/heads/%s^0\n", branch)
		}
		fmt.Fprintf(&s, "M 100644 inline count\ndata %d\n%s\nM 100644 inline apps/%d/values.yaml\ndata %d\n%s\n", len(content), content, i%20, len(content), content)
	}
	return s.String()
}

// at resolves a revision.
func (r remoteRepo) at(revision string) git.Hash {
	r.t.Helper()
	return plumbing.NewHash(r.git("rev-parse", revision))
}
