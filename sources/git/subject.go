package git

import (
	"strings"

	"golang.org/x/text/encoding/ianaindex"
)

// Subject is the first line of the message, in UTF-8. An encoding that is not known is left as it is.
func (c *Commit) Subject() string {
	line, _, _ := strings.Cut(strings.TrimLeft(c.Message, "\n"), "\n")
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
