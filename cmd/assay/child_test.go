package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// programVariable names what a child process of the tests is.
const programVariable = "TEST_PROGRAM"

// programs that the test binary can be. They return their exit codes.
var programs = map[string]func() int{"git-server": beGitServer}

// buildAssay builds the command as it is released, since the test binary takes more memory.
func buildAssay(t testing.TB) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "assay")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return program
}

// beGitServer serves the repositories in a folder by git's own smart server until it is told to stop. It prints its URL.
func beGitServer() int {
	program, err := exec.LookPath("git")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return exitNo
	}
	server := httptest.NewServer(&cgi.Handler{
		Path: program, Args: []string{"http-backend"}, Env: []string{"GIT_PROJECT_ROOT=" + os.Args[1], "GIT_HTTP_EXPORT_ALL=1"},
	})
	defer server.Close()
	fmt.Println(server.URL)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	<-ctx.Done()
	return exitYes
}

// startChild starts a child process, and ends it with the test. It returns the first line that it prints when that is asked for.
func startChild(t testing.TB, cmd *exec.Cmd, line bool) (first string) {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		require.NoError(t, cmd.Wait(), "%s", &said)
	})
	if line {
		first, err = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
	}
	return strings.TrimSpace(first)
}

// memory reads a field of /proc/PID/status in MiB; 0 where the system does not tell.
func memory(pid, field string) float64 {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	var kib float64
	if _, rest, found := bytes.Cut(status, []byte(field+":")); found {
		fmt.Sscan(string(rest), &kib)
	}
	return kib / 1024
}
