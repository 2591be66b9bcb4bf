package gitprovider_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"", 3, ""}, {"Übel", 4, "Übel"}, {"Übel!", 4, "Übe…"}, {"ab", 1, "…"}} {
		require.Equal(t, c.want, gitprovider.Cut(c.text, c.most))
	}
}
