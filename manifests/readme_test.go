package manifests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readmeBlock is a fenced block of commands, which a list indents.
var readmeBlock = regexp.MustCompile("(?ms)^ *```sh\n(.*?)^ *```$")

// readmeScript are the commands of README.md. The image is the business of testdata/image and of
// TestRealImageRuns: there is no registry here.
func readmeScript(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	script := []string{"set -euo pipefail"}
	for _, block := range readmeBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "make image ") {
				script = append(script, line)
			}
		}
	}
	require.Greater(t, len(script), 5)
	return strings.Join(script, "\n")
}

// TestReadme runs the commands of README.md as far as no cluster is needed: what would be applied has the image that was put into it.
// TestRealReadme applies it.
func TestReadme(t *testing.T) {
	home := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(home, "manifests"), os.DirFS(".")))
	kubectl := `kubectl() { while [ $# -gt 0 ] && [ "$1" != -k ]; do shift; done; [ $# = 0 ] || kustomize build "$2"; }` + "\n"
	run := exec.Command("bash", "-c", kubectl+readmeScript(t))
	run.Dir = home
	run.Env = append(os.Environ(), "PATH="+filepath.Dir(tool(t, "kustomize"))+":"+os.Getenv("PATH"))
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "image: registry.example.com/platform/assay@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
}

// TestReadmeNamesEveryComponent keeps its table whole.
func TestReadmeNamesEveryComponent(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, pattern := range []string{"components/*/kustomization.yaml", "components/resources/*/kustomization.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			name := strings.TrimPrefix(filepath.Dir(file), "components/")
			require.Contains(t, string(text), "`"+name+"`")
		}
	}
}
