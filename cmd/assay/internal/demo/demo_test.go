package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner/process"
)

// TestMain lets the test binary be what the story starts: the shim of a run, and Assay.
func TestMain(m *testing.M) {
	process.Main()
	if len(os.Args) == 3 && os.Args[1] == "loop" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := Loop(ctx, os.Args[2], os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// quick is a story with light suites, whose Assay looks often.
func quick(t *testing.T, bin string, out *bytes.Buffer) Options {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	return Options{
		Environment: "staging", Overlay: "overlays/crash", Tests: os.DirFS(filepath.Join("testdata", "crash")),
		Bin: bin, Loop: []string{self, "loop"}, Interval: 100 * time.Millisecond, Patience: time.Minute, Out: out,
	}.withDefaults()
}

// buildShop builds the shop, and returns the folder that it lies in. Runs with a user id of their own must be able to read it.
func buildShop(t *testing.T) string {
	t.Helper()
	bin, err := os.MkdirTemp("", "assay-shop-")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(bin)) })
	require.NoError(t, os.Chmod(bin, 0o755))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "github.com/assay-dev/assay/testdata/samples/shop")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	output, err := build.CombinedOutput()
	require.NoError(t, err, string(output))
	return bin
}

func TestStory(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Run(t.Context(), quick(t, buildShop(t), &out)), "%s", &out)
	for _, told := range []string{
		"it inherits the verdict", "checkout: bill in US dollars", "smoke, rerun 2: 1 of 4 tests failed", "### What happens next", "Config: ", "Culprit: ",
		"Restored: ", "Incident Recovered",
	} {
		require.Contains(t, out.String(), told)
	}
	require.NotContains(t, out.String(), "\x1b", "colours belong on terminals")
	t.Logf("%s", &out)
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := Run(t.Context(), Options{Environment: "staging", Bin: t.TempDir(), Programs: []string{"hey"}})
	for _, name := range []string{"git is not on PATH", "go is not on PATH", "sh is not on PATH", "shop: run `make demo`", "hey: run `make demo`"} {
		require.ErrorContains(t, err, name)
	}
	require.ErrorContains(t, Run(t.Context(), Options{Environment: "moon"}), "they have dev, staging, prod")
}
