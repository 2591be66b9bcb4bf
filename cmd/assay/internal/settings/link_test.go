package settings_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
)

func TestLinks(t *testing.T) {
	for text, good := range map[string]bool{
		"":                          true,
		"https://assay.example.com": true,
		"http://assay.example.com/{environment}/{gate}": true,
		"assay.example.com":                             false,
		"https://ann:secret@assay.example.com":          false,
		"javascript:alert(1)":                           false,
		"https:///path":                                 false,
	} {
		var l settings.Link
		err := l.UnmarshalText([]byte(text))
		require.Equal(t, good, err == nil, "%q: %v", text, err)
		if good {
			require.Equal(t, text, string(l))
		}
	}
}

func TestStatusesAreOnAndNotesAreOffUnlessAsked(t *testing.T) {
	environ := []string{"ASSAY_ENVIRONMENTS=prod", "ASSAY_PROD_TESTS_URL=/tests"}
	s, err := settings.Read(environ, nil)
	require.NoError(t, err)
	require.True(t, bool(s.Environments[0].Statuses))
	require.False(t, bool(s.Environments[0].Notes))
	s, err = settings.Read(append(environ, "ASSAY_PROD_STATUSES=false", "ASSAY_PROD_NOTES=true"), nil)
	require.NoError(t, err)
	require.False(t, bool(s.Environments[0].Statuses))
	require.True(t, bool(s.Environments[0].Notes))
}
