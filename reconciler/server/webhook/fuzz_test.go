package webhook

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
)

func FuzzParse(f *testing.F) {
	samples, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	require.NoError(f, err)
	require.NotEmpty(f, samples)
	for _, name := range samples {
		body, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(body, false)
	}
	f.Add([]byte("payload=%7B%22repository%22%3A%22https%3A%2F%2Fu%3Ap%40h%2Fr%22%7D"), true)
	f.Add([]byte(`{"repository": {"links": {"clone": null, "self": [null], "html": {"href": "h"}}}}`), false)
	f.Fuzz(func(t *testing.T, body []byte, form bool) {
		found, err := parse(body, form)
		if err != nil {
			require.Empty(t, found.repositories)
			require.Nil(t, found.target)
			return
		}
		require.LessOrEqual(t, len(found.repositories), maxRepositories)
		for _, repository := range found.repositories {
			require.Equal(t, repository, git.Redact(repository), "nothing secret is handed on")
		}
		if found.target != nil {
			require.NotEmpty(t, found.target.Kind)
			require.NotEmpty(t, found.target.Name)
		}
	})
}
