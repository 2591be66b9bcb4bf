package revert

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding/ianaindex"

	"github.com/assay-dev/assay/sources/git"
)

// subject is the first line of a commit's message, in UTF-8.
func subject(c *git.Commit) string {
	text := c.Message
	if c.Encoding != "" {
		if e, err := ianaindex.MIME.Encoding(c.Encoding); err == nil && e != nil {
			if decoded, err := e.NewDecoder().String(text); err == nil {
				text = decoded
			}
		}
	}
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\n"), "\n")
	return line
}

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
