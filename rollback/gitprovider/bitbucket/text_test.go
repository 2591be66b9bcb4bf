package bitbucket

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text        string
		most        int
		first, rest string
	}{
		{"", 3, "", ""},
		{"abc", 3, "abc", ""},
		{"abcd", 3, "abc", "d"},
		{"a\nbcd", 3, "a\n", "bcd"},
		{"ab\ncd", 3, "ab\n", "cd"},
		{"😀😀", 3, "😀", "😀"}, // each counts twice
	} {
		first, rest := split(c.text, c.most)
		require.Equal(t, [2]string{c.first, c.rest}, [2]string{first, rest})
	}
	require.GreaterOrEqual(t, goesOnRoom, len(goesOn)+20, "room for the number")
}

func TestWhereATextGoesOn(t *testing.T) {
	for description, want := range map[string]int64{
		"": 0, "Because.": 0, "A\n<!-- assay:rest comment=12 -->": 0,
		"A\n\n**It goes on in a comment.**\n\n<!-- assay:rest comment=12 -->":         12,
		"A\n\n**It goes on in a comment.**\n\n<!-- assay:rest comment=12 -->\n\nMore": 0, // a person wrote on
	} {
		first, comment := restOf(description)
		require.Equal(t, want, comment, description)
		require.True(t, strings.HasPrefix(description, first))
	}
}
