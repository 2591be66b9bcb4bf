package azure

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""},
		{"abc", 3, "abc"},
		{"abcd", 3, "ab…"},
		{"Äbcd", 3, "Äb…"},
		{"😀😀", 4, "😀😀"},
		{"😀😀😀", 4, "😀…"}, // each counts twice
		{"a\xff\xfecd", 4, "a\xff\xfe…"},
	} {
		got := cut(c.text, c.most)
		require.Equal(t, c.want, got)
		require.LessOrEqual(t, length(got), c.most)
		require.Equal(t, utf8.ValidString(c.text), utf8.ValidString(got))
	}
}

func TestPlaceOfALongText(t *testing.T) {
	for description, want := range map[string]*place{
		"":         nil,
		"Because.": nil,
		"A\n<!-- assay:text thread=12 comment=1 -->":       {12, 1},
		"A\n<!-- assay:text thread=12 comment=1 -->\r\n":   {12, 1},
		"A\n<!-- assay:text thread=12 comment=1 -->\nMore": nil, // a person wrote on
		"A\n<!-- assay:claim {} -->":                       nil,
	} {
		require.Equal(t, want, placeOf(description), description)
	}
	require.GreaterOrEqual(t, restRoom, len(rest)+40, "room for the numbers")
	require.True(t, fits(strings.Repeat("ü", mostText)))
	require.False(t, fits(strings.Repeat("ü", mostText+1)))
}
