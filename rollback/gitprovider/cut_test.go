package gitprovider_test

import (
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"", 3, ""},
		{"ab", 1, "…"},
		{"Übel", 4, "Übel"},
		{"Übel!", 4, "Übe…"},
		{"😀😀", 4, "😀😀"},
		{"😀😀😀", 4, "😀…"}, // each counts twice
		{"a\xff\xfecd", 4, "a\xff\xfe…"},
	} {
		got := gitprovider.Cut(c.text, c.most)
		require.Equal(t, c.want, got)
		require.LessOrEqual(t, gitprovider.Length(got), c.most)
		require.Equal(t, utf8.ValidString(c.text), utf8.ValidString(got))
	}
}
