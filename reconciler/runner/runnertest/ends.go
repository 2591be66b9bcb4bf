package runnertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
)

func (h Harness) testEnds(t *testing.T) {
	r := h.New(t)
	command := func(argv ...string) runner.Job {
		job := script("ends", "")
		job.Suite.Spec.Command = argv
		return job
	}
	cases := map[string]struct {
		job    runner.Job
		end    runner.End
		code   int
		reason string
	}{
		"pass":                {job: script("ends", "exit 0"), end: runner.Exited},
		"fail":                {job: script("ends", "exit 1"), end: runner.Exited, code: 1},
		"exit code":           {job: script("ends", "exit 77"), end: runner.Exited, code: 77},
		"failing line":        {job: script("ends", "false\nexit 0"), end: runner.Exited, code: 1},
		"unset variable":      {job: script("ends", `echo "$undefined"`), end: runner.Exited, code: 2},
		"own interpreter":     {job: script("ends", "#!/bin/sh\nfalse\nexit 3"), end: runner.Exited, code: 3},
		"command":             {job: command("sh", "-c", "exit 4"), end: runner.Exited, code: 4},
		"argument with space": {job: command("sh", "-c", `test "$1" = "a  b"`, "sh", "a  b"), end: runner.Exited},
		"crash":               {job: command("sh", "-c", "kill -SEGV $$"), end: runner.Exited, code: 139, reason: "crashed"},
		"killed":              {job: command("sh", "-c", "kill -KILL $$"), end: runner.Killed, code: -1, reason: "killed"},
		"no such program":     {job: command("no-such-program"), end: runner.NotStarted, code: -1, reason: "no-such-program"},
		"no such file":        {job: command("./no-such-file"), end: runner.NotStarted, code: -1, reason: "no-such-file"},
		"no interpreter":      {job: script("ends", "#!/no/such/interpreter\n"), end: runner.NotStarted, code: -1, reason: "interpreter"},
		"nothing to run":      {job: command(), end: runner.NotStarted, code: -1, reason: "neither command nor script"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			result := run(t, r, test.job)
			require.Equal(t, test.end, result.End, result.Reason)
			require.Equal(t, test.code, result.ExitCode)
			require.Contains(t, result.Reason, test.reason)
			require.Empty(t, result.Reports)
			if result.End != runner.NotStarted {
				require.False(t, result.Started.Before(before), "started before it was asked for")
				require.False(t, result.Finished.Before(result.Started), "finished before it started")
			}
		})
	}
}

// stubborn ignores polite requests, and leaves a child that has left its session and its parent.
const stubborn = `
trap '' TERM INT HUP
mkfifo never
(setsid sh -c 'read line <> never' &) &
echo half > report.xml
echo ready
read line <> never
`

func (h Harness) testTimeout(t *testing.T) {
	r := h.New(t)
	job := script("timeout", stubborn)
	job.Suite.Spec.Timeout.Duration = time.Second
	job.Suite.Spec.Reports = reportsAt("report.xml")
	result := run(t, r, job)
	require.Equal(t, runner.TimedOut, result.End)
	require.Equal(t, -1, result.ExitCode)
	require.Contains(t, result.Reason, "1s")
	require.Contains(t, string(result.Output), "ready")
	require.Equal(t, []string{"report.xml"}, paths(result.Reports), "what a report says so far is kept")
	require.NoError(t, r.Forget(t.Context(), "timeout"), "nothing of the run is left to hold its files")
}

func (h Harness) testCancel(t *testing.T) {
	r := h.New(t)
	job := script("cancel", stubborn)
	live := newLog("ready")
	job.Log = live
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	results := make(chan runner.Result, 1)
	go func() {
		result, err := r.Run(ctx, job)
		if err != nil {
			result.Reason = err.Error()
		}
		results <- result
	}()
	live.wait(t)
	cancel()
	result := <-results
	require.Equal(t, runner.Cancelled, result.End, result.Reason)
	require.Equal(t, -1, result.ExitCode)

	result, err := r.Run(ctx, script("late", "exit 0"))
	require.NoError(t, err)
	require.Equal(t, runner.Cancelled, result.End, "a run that nobody wants does not start")
}
