package wire

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"sync/atomic"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// commands has a Runner run the programs of an Environment's Sites: they are code of a test repository like any Suite, and as isolated.
func commands(r runner.Runner, environment string) sync.RunCommand {
	var count atomic.Int64
	return func(ctx context.Context, c sync.Command) ([]byte, error) {
		suite := &tests.Suite{Origin: tests.Origin{File: path.Join(c.Folder, path.Base(c.Site.Origin.File)), Name: c.Site.Origin.Name}}
		suite.Metadata.Name = c.Site.Name()
		suite.Spec.Command, suite.Spec.Env, suite.Spec.Timeout.Duration = c.Args, c.Env, c.Timeout
		suite.Spec.Reports = []tests.ReportSource{{Stdout: true}}
		suite.Default()
		job := runner.Job{
			ID:          fmt.Sprintf("site-%s-%s-%d", environment, c.Site.Name(), count.Add(1)),
			Environment: environment, Suite: suite, Files: c.Tree, Shards: 1, Env: c.Variables,
		}
		if c.Manifests != nil {
			job.Inputs = map[string][]byte{"ASSAY_MANIFESTS": c.Manifests}
		}
		result, err := r.Run(ctx, job)
		if err != nil {
			return nil, err
		}
		defer func() { _ = r.Forget(context.WithoutCancel(ctx), job.ID) }() // what is left, Recover removes
		if result.End != runner.Exited {
			return nil, fmt.Errorf("%s: %s", c.Args[0], result.Reason)
		}
		if result.ExitCode != 0 {
			return nil, fmt.Errorf("%s: exit code %d: %s", c.Args[0], result.ExitCode, lastLine(result.Output))
		}
		return stdout(result)
	}
}

// stdout reads what was printed on standard output alone.
func stdout(result runner.Result) ([]byte, error) {
	if len(result.Reports) == 0 {
		return nil, nil
	}
	r, err := result.Reports[0].Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func lastLine(output []byte) string {
	text := strings.TrimSpace(string(bytes.ToValidUTF8(output, []byte("\uFFFD"))))
	return text[strings.LastIndexByte(text, '\n')+1:]
}
