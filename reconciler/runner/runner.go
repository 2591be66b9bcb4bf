// Package runner runs Suites. In goes a Job (one Suite, one shard, one combination of its matrix, the files of its commit); out comes a
// Result: how it ended, its report files and its artifacts. It never judges: a failed test is a Result like any other, and only what kept
// the tool from running at all is named as such.
package runner

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"time"

	"github.com/assay-dev/assay/sources/tests"
)

// Job is one execution of one Suite that is asked for.
type Job struct {
	// ID is unique, stable over restarts, and fit for a file name: a Job that is asked for again with the same ID is the same Job.
	ID          string
	Environment string
	// Gate that asks for it; empty where none does.
	Gate  string
	Suite *tests.Suite
	// Files is the tree of the test repository that the Suite's globs choose from.
	Files fs.FS
	// Shard is 0-based; Shards is at least 1.
	Shard, Shards int
	// Matrix is one combination of the Suite's matrix.
	Matrix map[string]string
	// Env is added by the reconciler: ASSAY_ENVIRONMENT, ASSAY_REVISION and the like. Never a secret.
	Env map[string]string
	// Inputs are files that Assay hands the run besides the Suite's own: each key is an environment variable that holds the path
	// of a file with that content.
	Inputs map[string][]byte
	// Log receives what the run prints, while it prints it. It never blocks the run for long; what it cannot take is dropped and counted.
	Log io.Writer
}

// End is how a Run came to its end.
type End string

// The ends of a Run. Only Exited is evidence.
const (
	// Exited says that the command ran and ended by itself; ExitCode holds.
	Exited End = "Exited"
	// NotStarted says that the command could not be started at all.
	NotStarted End = "NotStarted"
	// TimedOut says that the Suite's timeout ended it. What its reports say so far is kept.
	TimedOut End = "TimedOut"
	// Killed says that something outside ended it: out of memory, a signal, a lost node.
	Killed End = "Killed"
	// Cancelled says that Assay no longer wanted it.
	Cancelled End = "Cancelled"
)

// Result is what a Run left.
type Result struct {
	End End
	// ExitCode of the command, 128 and the signal's number where it crashed; -1 where End is not Exited.
	ExitCode int
	// Reason is for people, where End is not Exited.
	Reason            string
	Started, Finished time.Time
	// Output is what was printed, without secrets: where it is too much, its first and its last part with a line between them that says
	// how many bytes are left out. OutputBytes counts all of it.
	Output      []byte
	OutputBytes int64
	Reports     []File
	Artifacts   []File
	// Notes are for people: which files were left out and why, what the live reader did not get.
	Notes []string
}

// File is a report or an artifact that a Run left. Open works until the Run is forgotten.
type File struct {
	// Path is relative to the working directory; "stdout" for what was printed.
	Path string
	// Format as the Suite names it, for reports.
	Format string
	Size   int64
	Open   func() (io.ReadCloser, error)
}

// ErrStopping is the cause (context.Cause) of a Run's end where Assay itself is ending.
var ErrStopping = errors.New("this Assay is stopping")

// Runner runs Jobs. Implementations are safe for concurrent use and pass the conformance suite of runnertest.
type Runner interface {
	// Run runs the Job to its end. A cancelled ctx ends the run and its whole process tree; the Result then says Cancelled. Where the cause is
	// ErrStopping, a run that can outlive Assay goes on, to be adopted by the next one. An error is Assay's own: the Job is unknown, the disk
	// is full.
	Run(ctx context.Context, job Job) (Result, error)
	// Forget removes what a Run left: its files, reports and artifacts. Of an unknown ID there is nothing to remove, which is fine.
	Forget(ctx context.Context, id string) error
	// Recover takes care of what an earlier Assay left. Runs that could not outlive it are ended, and their leftovers removed; those that did
	// are adopted when they are asked for again by their ID, and ended where nobody asks. It is called once, before the first Run.
	Recover(ctx context.Context) error
	// Isolation says in one line for people how runs are kept from Assay's own files and processes, and whether they are.
	Isolation() (text string, isolated bool)
}
