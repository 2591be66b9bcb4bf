package notes

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/assay-dev/assay/sources/sync"
)

// nothing stands for an empty field.
const nothing = "-"

// field is a text without blanks; unfield reads it back.
func field(s string) string {
	switch s {
	case "":
		return nothing
	case nothing:
		return "%2D"
	}
	return escape(s, "")
}

func unfield(s string) (string, error) {
	if s == nothing {
		return "", nil
	}
	return url.PathUnescape(s)
}

// target names a Target as people know it; untarget reads it back.
func target(t sync.Target) string {
	const separators = "/:"
	s := escape(t.Kind, separators) + "/"
	if t.Cluster != "" {
		s = escape(t.Cluster, separators) + ":" + s
	}
	if t.Namespace != "" {
		s += escape(t.Namespace, separators) + "/"
	}
	return s + escape(t.Name, separators)
}

func untarget(s string) (t sync.Target, err error) {
	kind, name, found := strings.Cut(s, "/")
	if cluster, rest, there := strings.Cut(kind, ":"); there {
		t.Cluster, kind = cluster, rest
	}
	if namespace, rest, there := strings.Cut(name, "/"); there {
		t.Namespace, name = namespace, rest
	}
	t.Kind, t.Name = kind, name
	if !found || t.Kind == "" || t.Name == "" {
		return t, fmt.Errorf("%q is no target: kind/name or kind/namespace/name", s)
	}
	for _, part := range []*string{&t.Cluster, &t.Kind, &t.Namespace, &t.Name} {
		if *part, err = url.PathUnescape(*part); err != nil {
			return t, err
		}
	}
	if target(t) != s { // one Target has one name
		return t, fmt.Errorf("%q is not how target %s is written", s, t)
	}
	return t, nil
}

// escape puts what would end a field, or steer a terminal, as %XX.
func escape(s, separators string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == '%' || r == utf8.RuneError || unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(separators, r) {
			for i := range size {
				fmt.Fprintf(&b, "%%%02X", s[i])
			}
		} else {
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}
