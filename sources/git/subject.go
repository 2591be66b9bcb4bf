package git

import (
	"strings"

	"golang.org/x/text/encoding/ianaindex"
)

// Subject is the first line of the message, trimmed and in UTF-8. What is in an
// encoding that is not known is left as it is.
func (c *Commit) Subject() string {
	line, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	line = strings.TrimRight(line, " \t\r")
	if c.Encoding == "" {
		return line
	}
	if e, err := ianaindex.MIME.Encoding(c.Encoding); err == nil && e != nil {
		if decoded, err := e.NewDecoder().String(line); err == nil {
			return decoded
		}
	}
	return line
}
