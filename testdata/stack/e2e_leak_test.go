//go:build e2e

package stack_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRealStackLeavesNothing starts all there is, with a pod that would run forever, and ends it in two ways.
func TestRealStackLeavesNothing(t *testing.T) {
	for name, end := range map[string]func(*exec.Cmd, io.Closer) error{
		"closed":         func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() },
		"killed with -9": func(holder *exec.Cmd, _ io.Closer) error { return holder.Process.Kill() },
	} {
		t.Run(name, func(t *testing.T) {
			before := machine(t)
			temp, err := os.MkdirTemp("", "assay-hold-") // t.TempDir is too long for the path of a socket
			require.NoError(t, err)
			t.Cleanup(func() { os.RemoveAll(temp) }) // its folders are all that one leaves which was killed
			holder := exec.CommandContext(t.Context(), os.Args[0])
			holder.Env = append(os.Environ(), holdVariable+"=1", "TMPDIR="+temp)
			holder.Stderr = os.Stderr
			stdin, err := holder.StdinPipe()
			require.NoError(t, err)
			stdout, err := holder.StdoutPipe()
			require.NoError(t, err)
			began := time.Now()
			require.NoError(t, holder.Start())
			var is held
			require.NoError(t, json.NewDecoder(stdout).Decode(&is))
			t.Logf("all of it after %v", time.Since(began).Round(time.Millisecond))
			runPod(t, is)
			require.NotEmpty(t, traces(t, temp, is.Address), "the test looks in the wrong places")

			began = time.Now()
			require.NoError(t, end(holder, stdin))
			holder.Wait()
			require.EventuallyWithT(t, func(now *assert.CollectT) { assert.Empty(now, traces(t, temp, is.Address)) }, time.Minute, 50*time.Millisecond)
			t.Logf("nothing left after %v", time.Since(began).Round(time.Millisecond))
			require.Equal(t, before, machine(t))
		})
	}
}

// runPod starts a pod that ends only when it is made to.
func runPod(t *testing.T, is held) {
	for _, args := range [][]string{
		{"run", "forever", "--image=registry.local/pause:1", "--image-pull-policy=Never"},
		{"wait", "pod/forever", "--for=condition=Ready", "--timeout=2m"},
	} {
		out, err := exec.CommandContext(t.Context(), "../../bin/kubectl", append(args, "--kubeconfig="+is.Kubeconfig)...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// traces is what there is of a stack on this machine: processes, mounts, the wire to its node, cgroups with those of its pods.
func traces(t *testing.T, dir, host string) (found []string) {
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range commands {
		// One that is gone by now is no trace.
		if command, err := os.ReadFile(file); err == nil && bytes.Contains(command, []byte(dir)) {
			found = append(found, string(command))
		}
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	if bytes.Contains(mounts, []byte(dir)) {
		found = append(found, "mounts")
	}
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		if strings.HasPrefix(address.String(), host+"/") {
			found = append(found, "address "+address.String())
		}
	}
	number := strings.Split(host, ".")[2]
	for _, pattern := range []string{"/sys/fs/cgroup/*/assay", "/sys/fs/cgroup/assay"} {
		cgroups, err := filepath.Glob(pattern + number)
		require.NoError(t, err)
		found = append(found, cgroups...)
	}
	return found
}

// machine is what a kubelet and containerd would change on the machine that they run on.
func machine(t *testing.T) map[string]string {
	state := map[string]string{}
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/keys/root_maxkeys", "net/ipv4/ip_forward"} {
		value, err := os.ReadFile(filepath.Join("/proc/sys", name))
		require.NoError(t, err)
		state[name] = string(value)
	}
	for _, pattern := range []string{"/run/netns/*", "/run/containerd/*", "/var/lib/cni/*", "/var/lib/kubelet/*", "/var/log/pods/*", "/var/log/containers/*"} {
		names, err := filepath.Glob(pattern)
		require.NoError(t, err)
		state[pattern] = strings.Join(names, " ")
	}
	return state
}
