package report

import "bytes"

// xmlRoot returns the local name of the root element of the XML document that head begins, or "" when head is no XML,
// is damaged or ends before the root. It passes over the declaration, comments and processing instructions, and over a
// DOCTYPE that declares nothing.
func xmlRoot(head []byte) string {
	rest := bytes.TrimLeft(head, " \t\r\n")
	for {
		var end string
		switch {
		case bytes.HasPrefix(rest, []byte("<?")):
			end = "?>"
		case bytes.HasPrefix(rest, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(rest, []byte("<!DOCTYPE")):
			end = ">"
		case bytes.HasPrefix(rest, []byte("<")):
			name := rest[1:]
			if stop := bytes.IndexAny(name, " \t\r\n/>"); stop >= 0 {
				return string(localName(name[:stop]))
			}
			return ""
		default:
			return ""
		}
		skipped, after, found := bytes.Cut(rest, []byte(end))
		if !found || bytes.ContainsAny(skipped, "[") && end == ">" {
			return ""
		}
		rest = bytes.TrimLeft(after, " \t\r\n")
	}
}

// localName strips the namespace prefix.
func localName(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}
