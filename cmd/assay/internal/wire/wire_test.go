package wire

import (
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/git"
)

// TestSitesAreReadWithWhatTheOperatorGaveAlone has tests name a repository that only the cluster's engines have credentials for.
func TestSitesAreReadWithWhatTheOperatorGaveAlone(t *testing.T) {
	var asked []string
	said := func(url string) git.Auth {
		asked = append(asked, url)
		return git.Auth{}
	}
	shared := git.NewMirrors(t.TempDir(), func(string) git.Auth { panic("the engines' credentials were asked for") }, clock.RealClock{})

	alone := (&Assay{}).siteMirrors(Settings{Auth: said}, t.TempDir(), shared)
	require.Same(t, shared, alone, "without a cluster there are no others' credentials")

	beside := (&Assay{cluster: &cluster{}}).siteMirrors(Settings{Auth: said}, t.TempDir(), shared)
	require.NotSame(t, shared, beside)
	_, err := beside.Mirror("https://git.example.com/another-tenant/config.git")
	require.NoError(t, err)
	require.Equal(t, []string{"git.example.com/another-tenant/config"}, asked)
}
