// Package runnertest is the conformance suite of runners. In goes a way to make a Runner; every Runner must behave as its tests say. It
// needs /bin/sh and the usual tools where the runs take place, and nothing else.
package runnertest

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// Harness makes the Runners that are tested.
type Harness struct {
	// New returns a Runner that keeps at most MaxOutput bytes of what is printed, and whose Recover has been called. It is used by one
	// test, and cleaned up after it.
	New func(t *testing.T) runner.Runner
	// MaxOutput in bytes.
	MaxOutput int
	// SetSecret makes a secret known to the Runners that New returns from then on, in Environment.
	SetSecret func(t *testing.T, name, key, value string)
}

// Environment of all Jobs.
const Environment = "staging"

// folder is where the Suite of a Job lies.
const folder = "suites/smoke"

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

// Test runs the conformance suite.
func Test(t *testing.T, h Harness) {
	t.Run("ends", h.testEnds)
	t.Run("timeout", h.testTimeout)
	t.Run("cancel", h.testCancel)
	t.Run("files", h.testFiles)
	t.Run("links", h.testLinks)
	t.Run("environment", h.testEnvironment)
	t.Run("variants", h.testVariants)
	t.Run("inputs", h.testInputs)
	t.Run("secrets", h.testSecrets)
	t.Run("secret missing", h.testSecretMissing)
	t.Run("reports", h.testReports)
	t.Run("report on stdout", h.testReportOnStdout)
	t.Run("untrusted reports", h.testUntrustedReports)
	t.Run("output", h.testOutput)
	t.Run("stuck reader", h.testStuckReader)
	t.Run("parallel", h.testParallel)
	t.Run("forget", h.testForget)
	t.Run("recover", h.testRecover)
}

// script is a Job of a Suite with that script.
func script(id, text string) runner.Job {
	suite := &tests.Suite{Origin: tests.Origin{File: folder + "/suite.yaml", Name: "smoke"}}
	suite.Metadata.Name = "smoke"
	suite.Spec.Script = text
	suite.Spec.Timeout.Duration = patience
	suite.Default()
	return runner.Job{ID: id, Environment: Environment, Suite: suite, Shards: 1, Files: fstest.MapFS{
		folder + "/suite.yaml": file("kind: Suite", 0o644),
	}}
}

func file(content string, mode fs.FileMode) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content), Mode: mode}
}

func run(t *testing.T, r runner.Runner, job runner.Job) runner.Result {
	t.Helper()
	result, err := r.Run(t.Context(), job)
	require.NoError(t, err)
	return result
}

// passes runs a Job that must exit with 0, and returns what it printed.
func passes(t *testing.T, r runner.Runner, job runner.Job) (runner.Result, string) {
	t.Helper()
	result := run(t, r, job)
	require.Equal(t, runner.Exited, result.End, "%s\n%s", result.Reason, result.Output)
	require.Zero(t, result.ExitCode, string(result.Output))
	return result, string(result.Output)
}

func content(t *testing.T, f runner.File) string {
	t.Helper()
	opened, err := f.Open()
	require.NoError(t, err)
	defer opened.Close()
	data, err := io.ReadAll(opened)
	require.NoError(t, err)
	return string(data)
}

func paths(files []runner.File) []string {
	found := []string{}
	for _, f := range files {
		found = append(found, f.Path)
	}
	return found
}

// log is a live reader that tells when it has seen a text.
type log struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	want string
	seen chan struct{}
}

func newLog(want string) *log { return &log{want: want, seen: make(chan struct{})} }

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf.Write(b)
	if l.want != "" && bytes.Contains(l.buf.Bytes(), []byte(l.want)) {
		l.want = ""
		close(l.seen)
	}
	return len(b), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func (l *log) wait(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-l.seen:
	case <-ctx.Done():
		t.Fatalf("the live reader got only %q", l)
	}
}
