package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A file must not depend on the order of the formats: only k6's two summaries, which differ in one word, may both claim it.
func TestOneFormatClaimsAFile(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("testdata", "tools", "*"))
	require.NoError(t, err)
	for _, path := range paths {
		if strings.HasSuffix(path, ".golden") {
			continue
		}
		head, err := os.ReadFile(path)
		require.NoError(t, err)
		var claims []string
		for _, f := range formats {
			if f.sniff(head) {
				claims = append(claims, f.name)
			}
		}
		if len(claims) == 2 {
			require.Equal(t, []string{"k6-handle-summary", "k6-summary-export"}, claims, path)
			continue
		}
		require.Len(t, claims, 1, path)
		for _, f := range formats {
			if f.name != claims[0] {
				require.False(t, f.sniff(head[:len(head)*2/3]), "%s taken for %s when cut", path, f.name)
			}
		}
	}
}
