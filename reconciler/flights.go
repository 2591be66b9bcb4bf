package reconciler

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
)

// flights are the Runs that this process is at. They are not in the world that survives a crash: after one, a Run without an end is
// simply run again, since the runner has ended whatever was left of it.
type flights struct {
	mu   sync.Mutex
	runs map[string]flight
	done sync.WaitGroup
	// grounded keeps any more from starting.
	grounded bool
}

type flight struct {
	verification string
	cancel       context.CancelFunc
}

func newFlights() *flights { return &flights{runs: map[string]flight{}} }

// ids of the Runs under way.
func (f *flights) ids() map[string]bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make(map[string]bool, len(f.runs))
	for id := range maps.Keys(f.runs) {
		ids[id] = true
	}
	return ids
}

// cancel ends the Runs of a Verification.
func (f *flights) cancel(verification string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, run := range f.runs {
		if run.verification == verification {
			run.cancel()
		}
	}
}

// ground keeps further Runs from starting: the next Assay starts them.
func (f *flights) ground() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.grounded = true
}

// start runs a Run in the background, records how it ended, and has the Gate looked at again. A Run that is cancelled is not recorded:
// its Verification was superseded, or Assay is stopping and will run it again.
func (f *flights) start(l *Loop, key history.Key, run history.Run, job runner.Job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.runs[run.ID]; there || f.grounded {
		return
	}
	ctx, cancel := context.WithCancel(l.running)
	f.runs[run.ID] = flight{verification: run.Verification, cancel: cancel}
	f.done.Add(1)
	l.driver.Go(func() {
		defer f.done.Done()
		defer func() {
			cancel()
			f.mu.Lock()
			delete(f.runs, run.ID)
			f.mu.Unlock()
			l.driver.Again(key)
		}()
		if err := l.fly(ctx, key, run, job); err != nil && ctx.Err() == nil {
			l.log.Error("a run was not recorded, and is run again", "environment", key.Environment, "gate", key.Gate, "run", run.ID, "error", err)
			select { // it stays under way meanwhile, so that a full disk is not met by a storm of runs
			case <-ctx.Done():
			case <-l.clock.After(flyAgainAfter):
			}
		}
	})
}

// flyAgainAfter is how long a Run waits that could not be recorded.
const flyAgainAfter = 10 * time.Second

func (l *Loop) fly(ctx context.Context, key history.Key, run history.Run, job runner.Job) error {
	log, err := l.history.WriteLog(context.WithoutCancel(ctx), run.ID)
	if err != nil {
		return err
	}
	defer log.Close()
	job.Log = log
	if err := l.history.StartRun(ctx, run.ID, l.clock.Now()); err != nil {
		return err
	}
	l.announce(Event{Kind: RunStarted, Key: key, Run: run})
	result, err := l.runner.Run(ctx, job)
	if err != nil {
		return fmt.Errorf("run %s: %w", run.ID, err)
	}
	if result.End == runner.Cancelled {
		if errors.Is(context.Cause(ctx), runner.ErrStopping) {
			return nil // the next Assay takes it up, or clears it away
		}
		return l.runner.Forget(context.WithoutCancel(ctx), job.ID)
	}
	run.End, run.ExitCode, run.Reason = result.End, result.ExitCode, result.Reason
	run.Started, run.Finished = result.Started, result.Finished
	run.Output = strings.ToValidUTF8(string(result.Output), "\uFFFD")
	ctx = context.WithoutCancel(ctx) // the evidence is there; a stop must not lose it half-way
	var reports []*report.Report
	for _, file := range result.Reports {
		r, err := readReport(ctx, file)
		if err != nil {
			run.Unreadable = append(run.Unreadable, err.Error())
			continue
		}
		reports = append(reports, r)
	}
	for _, file := range result.Artifacts {
		if err := l.keepArtifact(ctx, run.ID, file); err != nil { // no evidence, so the Run counts without it
			l.log.Error("an artifact is not kept", "run", run.ID, "error", err)
		}
	}
	if err := l.history.FinishRun(ctx, run, reports); err != nil {
		return err
	}
	l.announce(Event{Kind: RunFinished, Key: key, Run: run, Reports: reports})
	return l.runner.Forget(ctx, job.ID)
}

func readReport(ctx context.Context, file runner.File) (*report.Report, error) {
	r, err := file.Open()
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", file.Path, err)
	}
	defer r.Close()
	return report.Parse(ctx, r, report.Options{Name: file.Path, Format: file.Format})
}

func (l *Loop) keepArtifact(ctx context.Context, run string, file runner.File) error {
	r, err := file.Open()
	if err != nil {
		return fmt.Errorf("artifact %s of run %s: %w", file.Path, run, err)
	}
	defer r.Close()
	return l.history.SaveArtifact(ctx, run, file.Path, r)
}

// jobOf is what the runner is asked to do for a Run.
func (l *Loop) jobOf(w *world, run history.Run, of *revision) (runner.Job, error) {
	suite := of.Suite(run.Suite)
	if suite == nil {
		return runner.Job{}, fmt.Errorf("suite %s of run %s is not in the tests at %.8s", run.Suite, run.ID, of.commit)
	}
	env := map[string]string{
		"ASSAY_ENVIRONMENT": w.key.Environment,
		"ASSAY_GATE":        w.key.Gate,
		"ASSAY_REVISION":    of.commit.String(),
	}
	if run.Purpose == history.ToRerun {
		env["ASSAY_RERUN"] = fmt.Sprint(run.Round)
	}
	var targets bytes.Buffer
	for _, t := range w.targets {
		fmt.Fprintf(&targets, "%s %s\n", t.Target, commitsOf(triedAt(t, run.Trial)))
	}
	env["ASSAY_TARGETS"] = targets.String()
	return runner.Job{
		ID: run.ID, Environment: w.key.Environment, Gate: w.key.Gate, Suite: suite, Files: of.tree,
		Shard: run.Shard, Shards: run.Shards, Matrix: run.Matrix, Env: env,
	}, nil
}
