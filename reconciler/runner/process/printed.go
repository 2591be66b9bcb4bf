//go:build linux || darwin

package process

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// drainTime is how long the pipes are still read after the last known process has ended.
const drainTime = 2 * time.Second

// streams are what a process prints to; nil is nowhere.
type streams struct{ stdout, stderr *os.File }

// printed reads what a Run prints. Where no report is printed, both streams share one pipe, so that their order is kept.
type printed struct {
	output  *runner.Output
	streams streams
	pipes   []*os.File // the ends that are read
	readers sync.WaitGroup
	report  *spool
}

func newPrinted(r *Runner, job runner.Job, room room, redact *runner.Redactor) (*printed, error) {
	p := &printed{output: runner.NewOutput(r.options.MaxOutput, redact, job.Log)}
	var err error
	if p.streams.stdout, err = p.pipe(); err != nil {
		p.close()
		return nil, err
	}
	p.streams.stderr = p.streams.stdout
	place := slices.IndexFunc(job.Suite.Spec.Reports, func(s tests.ReportSource) bool { return s.Stdout })
	if place < 0 {
		return p, nil
	}
	p.report = &spool{name: filepath.Join(room.kept(), "stdout"), room: r.options.Limits.Report, format: job.Suite.Spec.Reports[place].Format}
	if p.streams.stderr, err = p.pipe(); err == nil {
		err = p.report.open(redact)
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *printed) pipe() (write *os.File, err error) {
	read, write, err := os.Pipe()
	if err == nil {
		p.pipes = append(p.pipes, read)
	}
	return write, err
}

// started begins to read. The ends that are written to are the processes' from now on.
func (p *printed) started() {
	p.closeStreams()
	for i, pipe := range p.pipes {
		stream := p.output.Stream()
		to := io.Writer(stream)
		if i == 0 && p.report != nil {
			to = io.MultiWriter(stream, p.report)
		}
		p.readers.Go(func() {
			_, _ = io.Copy(to, pipe) // ends with the last process that holds the pipe, or at the deadline
			_ = stream.Close()
		})
	}
}

// finish reads what is left, and puts into result what was printed.
func (p *printed) finish(result *runner.Result) error {
	for _, pipe := range p.pipes {
		if err := pipe.SetReadDeadline(time.Now().Add(drainTime)); err != nil {
			return fmt.Errorf("read the run's output: %w", err)
		}
	}
	p.readers.Wait()
	if dropped := p.output.Close(); dropped > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("the live log missed %d bytes: its reader was too slow", dropped))
	}
	result.Output, result.OutputBytes = p.output.Bytes(), p.output.Total()
	if p.report == nil {
		return nil
	}
	file, left, err := p.report.file()
	switch {
	case err != nil:
		return fmt.Errorf("keep the report on stdout: %w", err)
	case left != "":
		result.Notes = append(result.Notes, "stdout is left out: "+left)
	case file.Size > 0:
		result.Reports = append(result.Reports, file)
	}
	return nil
}

// close lets go of everything, also where the process never started.
func (p *printed) close() {
	p.closeStreams()
	for _, pipe := range p.pipes {
		_ = pipe.Close()
	}
	p.readers.Wait()
	p.output.Close()
	if p.report != nil {
		_ = p.report.to.Close()
	}
}

func (p *printed) closeStreams() {
	if p.streams.stdout != nil {
		_ = p.streams.stdout.Close()
	}
	if p.streams.stderr != nil {
		_ = p.streams.stderr.Close()
	}
}

// spool keeps a report that is printed, without secrets. A report that is too large is no report: a part of one would say less than the
// tool did.
type spool struct {
	name, format string
	room         int64
	to           *os.File
	redacted     io.WriteCloser
	err          error
}

func (s *spool) open(redact *runner.Redactor) (err error) {
	if s.to, err = os.OpenFile(s.name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600); err == nil {
		s.redacted = redact.Writer(s.to)
	}
	return err
}

// Write never fails, because the Run must go on.
func (s *spool) Write(b []byte) (int, error) {
	if s.room -= int64(len(b)); s.room >= 0 && s.err == nil {
		_, s.err = s.redacted.Write(b)
	}
	return len(b), nil
}

// file returns the report, or why there is none.
func (s *spool) file() (file runner.File, left string, err error) {
	if s.err == nil {
		s.err = s.redacted.Close()
	}
	if s.err != nil {
		return runner.File{}, "", s.err
	}
	if s.room < 0 {
		return runner.File{}, "it is larger than a report may be", nil
	}
	file, err = keptFile(s.name)
	file.Path, file.Format = "stdout", s.format
	return file, "", err
}
