package revert

import (
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// message is what git revert writes. A revert is reapplied, as Git says since 2.43; a revert of a revert, as older
// versions of Git wrote it, is reverted.
func message(subject string, c *git.Commit) string {
	const reverted = `Revert "`
	title := fmt.Sprintf(`Revert "%s"`, subject)
	if rest, ok := strings.CutPrefix(subject, reverted); ok && !strings.HasPrefix(rest, reverted) {
		title = `Reapply "` + rest
	}
	body := fmt.Sprintf("This reverts commit %s", c.Hash)
	if len(c.Parents) > 1 {
		body += fmt.Sprintf(", reversing\nchanges made to %s", c.Parent())
	}
	return title + "\n\n" + body + ".\n"
}
