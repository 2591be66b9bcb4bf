package history

import (
	"strconv"
	"strings"
)

// say numbers the arguments, and gives those PostgreSQL's types that SQLite takes as they are: a truth is 0 or 1, and a text is UTF-8
// without zero bytes.
func (*postgres) say(query string, args []any) (string, []any) {
	said := make([]any, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case bool:
			said[i] = 0
			if arg {
				said[i] = 1
			}
		case string:
			said[i] = strings.ReplaceAll(strings.ToValidUTF8(arg, "\uFFFD"), "\x00", "\uFFFD")
		default:
			said[i] = arg
		}
	}
	return numbered(query), said
}

// numbered puts $1, $2, ... in the place of question marks. No statement has any within a text.
func numbered(query string) string {
	var b strings.Builder
	b.Grow(len(query) + 2*strings.Count(query, "?"))
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}
