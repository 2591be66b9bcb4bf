// Command assay answers one question for every change that GitOps delivers: does the system still work?
//
// In come the command line and, for `assay run`, the operator's ASSAY_ variables; out go tables, JSON or YAML on standard output, logs and
// errors on standard error, and an exit code (see exit.go). It wires the other rooms together and holds no logic of its own.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/assay-dev/assay/reconciler/runner/process"
)

func main() {
	process.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // whoever asks twice does not want to wait
	std := streams{os.Stdin, os.Stdout, os.Stderr}
	// Kustomize tells os.Stderr of deprecated fields, once for each build; everybody else writes where execute says.
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
	os.Exit(execute(ctx, os.Args[1:], std))
}

// streams are what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// execute runs one command line and returns its exit code.
func execute(ctx context.Context, args []string, s streams) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	return explain(s.err, root.ExecuteContext(ctx))
}
