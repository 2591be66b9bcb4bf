package manifests

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tool that `make tools` builds.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs("../bin/" + name)
	require.NoError(t, err)
	require.FileExists(t, path, "`make tools` builds it")
	return path
}

var documentStart = regexp.MustCompile(`(?m)^---$`)

// documents of a YAML stream, without empty ones.
func documents(stream string) (all []string) {
	for _, document := range documentStart.Split(stream, -1) {
		if strings.TrimSpace(document) != "" {
			all = append(all, document)
		}
	}
	return all
}
