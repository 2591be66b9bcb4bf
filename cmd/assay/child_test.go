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
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// programVariable names what a child process of the tests is, so that it can be measured by itself.
const programVariable = "TEST_PROGRAM"

// programs that the test binary can be. They return their exit codes.
var programs = map[string]func() int{
	"assay":      beAssay,
	"git-server": beGitServer,
}

// peakMark begins the last line that the command writes to standard error as a child: the most memory that it held.
const peakMark = "peak MiB:"

// beAssay is the command.
func beAssay() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	code := execute(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	fmt.Fprintln(os.Stderr, peakMark, memory("self", "VmHWM"))
	return code
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

// child prepares a child process.
func child(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), programVariable+"="+program)
	return cmd
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
