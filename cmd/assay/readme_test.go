package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readmeBlock is a fenced block of commands.
var readmeBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// TestReadme runs the commands of the README, one block after the other in one shell. Those that make runs are CI's, which must name them;
// `assay run` is told to stop as soon as it watches.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	ci, err := os.ReadFile("../../.ci/run")
	require.NoError(t, err)

	home := t.TempDir()
	bin := filepath.Join(home, "bin")
	build := exec.Command("go", "build", "-o", bin+"/", ".")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)

	script := []string{
		"set -euo pipefail",
		"assay() { if [ \"$1\" = run ]; then run; else command assay \"$@\"; fi; }",
		"run() { command assay run 2>run.log & until grep -q msg=watching run.log; do kill -0 $!; done; kill $!; wait $!; }",
		"printf '<testsuite><testcase name=\"pays\"/></testsuite>' >report.xml",
	}
	blocks := readmeBlock.FindAllStringSubmatch(string(readme), -1)
	require.Greater(t, len(blocks), 3)
	for _, block := range blocks {
		for line := range strings.Lines(block[1]) {
			if target, made := strings.CutPrefix(strings.TrimSpace(line), "make "); made {
				require.Contains(t, string(ci), "make "+target, "CI does not run what the README says")
				continue
			}
			script = append(script, strings.TrimSuffix(line, "\n"))
		}
	}
	run := exec.Command("bash", "-c", strings.Join(script, "\n"))
	run.Dir = home
	run.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+home,
		"GIT_AUTHOR_NAME=A Person", "GIT_AUTHOR_EMAIL=person@example.com", "GIT_COMMITTER_NAME=A Person", "GIT_COMMITTER_EMAIL=person@example.com")
	out, err = run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), `"conflicts": []`)
}
