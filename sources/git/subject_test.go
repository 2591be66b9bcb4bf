package git_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

func TestSubject(t *testing.T) {
	for name, c := range map[string]struct {
		commit git.Commit
		want   string
	}{
		"first line":       {git.Commit{Message: "Bump web to 2\n\nBecause.\n"}, "Bump web to 2"},
		"leading newlines": {git.Commit{Message: "\n\nBump web\n"}, "Bump web"},
		"blanks around":    {git.Commit{Message: " \r\n  Bump web \r\n\r\nBecause.\r\n"}, "Bump web"},
		"no message":       {git.Commit{}, ""},
		"latin1":           {git.Commit{Message: "Gr\xf6\xdfe\n", Encoding: "ISO-8859-1"}, "Größe"},
		"unknown encoding": {git.Commit{Message: "plain\n", Encoding: "x-nobody"}, "plain"},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.want, c.commit.Subject()) })
	}
}
