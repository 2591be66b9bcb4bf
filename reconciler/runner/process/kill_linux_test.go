package process

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// However Assay is killed, nothing of its runs survives, daemons that left their session and their parent included. Where runs have
// neither processes nor a user of their own, a process that also forgets its environment is found only as long as its shim lives.
func TestNothingSurvivesAKilledAssay(t *testing.T) {
	for i, level := range workingLevels(t) {
		t.Run(string(level), func(t *testing.T) {
			t.Run("alone", func(t *testing.T) {
				dir, mark := openDir(t), fmt.Sprintf("%d%d", os.Getpid(), i)
				assay := startVictim(t, dir, level, mark)
				require.NoError(t, assay.Process.Kill())
				_ = assay.Wait() // it was killed
				require.Eventually(t, func() bool { return len(commandsWith("4242."+mark)) == 0 }, 30*time.Second, 10*time.Millisecond)
				requireRecovered(t, dir, level)
			})
			t.Run("with its shims", func(t *testing.T) {
				dir, mark := openDir(t), fmt.Sprintf("%d%d", os.Getpid(), i)
				assay := startVictim(t, dir, level, mark)
				require.NoError(t, assay.Process.Signal(syscall.SIGSTOP)) // it must not tidy up
				for _, p := range processes() {
					if p.parent == assay.Process.Pid {
						require.NoError(t, syscall.Kill(p.pid, syscall.SIGKILL))
					}
				}
				require.NoError(t, assay.Process.Kill())
				_ = assay.Wait() // it was killed
				requireRecovered(t, dir, level)
				left := commandsWith("4242." + mark)
				if level != None {
					require.Empty(t, left)
					return
				}
				require.Len(t, left, 1, "the one that forgot its environment")
				var pid int
				_, err := fmt.Sscan(left[0], &pid)
				require.NoError(t, err)
				require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
			})
		})
	}
}

// startVictim starts an Assay with one Run, and returns when all four of the Run's processes live.
func startVictim(t *testing.T, dir string, level Level, mark string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(self())
	script := strings.ReplaceAll(escape, "%[1]d", mark) + "exec sleep 4242." + mark
	cmd.Env = append(os.Environ(), victimVariable+"="+dir, victimLevel+"="+string(level), victimScript+"="+script)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // gone, unless the test failed
	sleeping := func() bool {
		count := 0
		for _, command := range commandsWith("4242." + mark) {
			if strings.Contains(command, `"sleep\x00`) {
				count++
			}
		}
		return count == 4
	}
	require.Eventually(t, sleeping, 30*time.Second, 10*time.Millisecond, "the run's processes did not start")
	return cmd
}

// requireRecovered says that the next Assay finds a tidy place.
func requireRecovered(t *testing.T, dir string, level Level) {
	t.Helper()
	next := newRunner(t, Options{Dir: dir, Isolation: level})
	entries, err := os.ReadDir(next.runs)
	require.NoError(t, err)
	require.Empty(t, entries, "left over")
}
