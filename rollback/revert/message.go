package revert

import (
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// message is what git revert writes, and then the trailers. A revert is reapplied, as Git says since 2.43; a revert of a revert, as older
// versions of Git wrote it, is reverted.
func message(subject string, c *git.Commit, trailers []string) string {
	const reverted = `Revert "`
	title := fmt.Sprintf(`Revert "%s"`, subject)
	if rest, ok := strings.CutPrefix(subject, reverted); ok && !strings.HasPrefix(rest, reverted) {
		title = `Reapply "` + rest
	}
	body := fmt.Sprintf("This reverts commit %s", c.Hash)
	if len(c.Parents) > 1 {
		body += fmt.Sprintf(", reversing\nchanges made to %s", c.Parent())
	}
	message := title + "\n\n" + body + ".\n"
	if len(trailers) > 0 {
		message += "\n" + strings.Join(trailers, "\n") + "\n"
	}
	return message
}
