package report

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A fixture below tools is a small report of one of the tools that write JSON, CSV or text of their own; one below
// tools-refused is damaged. FILE.golden says what is read from it, metrics included.
func TestToolFixtures(t *testing.T) {
	covered := map[string]bool{}
	for _, folder := range []string{"tools", "tools-refused"} {
		entries, err := os.ReadDir(filepath.Join("testdata", folder))
		require.NoError(t, err)
		for _, entry := range entries {
			path := filepath.Join("testdata", folder, entry.Name())
			if strings.HasSuffix(path, ".golden") {
				continue
			}
			t.Run(filepath.ToSlash(path), func(t *testing.T) {
				got, err := parseFile(t, path)
				require.Equal(t, folder == "tools-refused", err != nil, "%v", err)
				text := golden(got, err)
				if err == nil {
					requireInvariants(t, got, Limits{})
					covered[got.Format] = true
					text += goldenMetrics(got)
				}
				if *update {
					require.NoError(t, os.WriteFile(path+".golden", []byte(text), 0o644))
				}
				want, err := os.ReadFile(path + ".golden")
				require.NoError(t, err)
				require.Equal(t, string(want), text)
			})
		}
	}
	for _, name := range Formats()[slices.Index(Formats(), robotXML.name):] {
		require.True(t, covered[name], "no fixture for %s", name)
	}
}

func goldenMetrics(r *Report) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(r.Metrics)) {
		fmt.Fprintf(&b, "\n%s = %.9g", name, r.Metrics[name])
	}
	return b.String() + "\n"
}
