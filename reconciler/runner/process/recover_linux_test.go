package process

import (
	"context"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A killed Assay takes its runs with it; what something kept alive, the next Assay ends.
func TestRecoverEndsWhatAnEarlierAssayLeft(t *testing.T) {
	for _, level := range workingLevels(t) {
		t.Run(string(level), func(t *testing.T) {
			options := Options{Dir: openDir(t), Isolation: level}
			r, err := New(t.Context(), options)
			require.NoError(t, err)
			live := make(told, 1)
			job := jobOf("left", "echo ready; sleep 3131.4")
			job.Log = live
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = r.Run(context.WithoutCancel(t.Context()), job) // how it ends is nobody's business any more
			}()
			<-live
			_, err = New(t.Context(), options)
			require.ErrorContains(t, err, "another Assay")

			require.NoError(t, r.Close(), "as the system does for a process that was killed")
			next := newRunner(t, options)
			<-ended
			require.Empty(t, commandsWith("3131.4"))
			entries, err := os.ReadDir(next.runs)
			require.NoError(t, err)
			for _, entry := range entries {
				require.Empty(t, entry.Name(), "left over")
			}
		})
	}
}

// told is a live reader that tells that something was printed.
type told chan struct{}

func (l told) Write(b []byte) (int, error) {
	select {
	case l <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Unprivileged users have levels of their own: as root, the tests run once more as nobody.
func TestAsNobody(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become nobody; the other tests run as this user already")
	}
	const nobody = 65534
	dir := openDir(t)
	require.NoError(t, os.Chown(dir, nobody, nobody))
	cmd := exec.CommandContext(t.Context(), self(), "-test.run=^(TestConformance|TestHostile|TestNothing|TestLimits)", "-test.timeout=2m")
	cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH")}
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, string(output))
	require.Contains(t, string(output), "PASS")
}
