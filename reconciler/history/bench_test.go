package history_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/sync"
)

// BenchmarkHistory measures what a pass asks of the history, in every database, on what a thousand Verifications left.
func BenchmarkHistory(b *testing.B) {
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			s := open(b, database.place(b))
			for n := range 1000 {
				live(b, s, history.Key{Environment: "staging", Gate: fmt.Sprint("gate", n%100)}, fmt.Sprint("old", n))
			}
			_, err := s.OpenIncident(b.Context(), history.Incident{ID: "i", Key: history.Key{Environment: "staging", Gate: "gate1"}, State: history.Ongoing})
			require.NoError(b, err)
			seen := sync.Sync{Target: shop, Digest: "A", Outcome: sync.Applied, At: noon}
			var count atomic.Int64
			for _, call := range []struct {
				name string
				do   func(ctx context.Context, n int64) error
			}{
				{"Gate", func(ctx context.Context, n int64) error {
					_, err := s.Gate(ctx, history.Key{Environment: "staging", Gate: fmt.Sprint("gate", n%100)})
					return err
				}},
				{"SawSync", func(ctx context.Context, _ int64) error {
					_, err := s.SawSync(ctx, "staging", seen)
					return err
				}},
				{"Decide", func(ctx context.Context, n int64) error {
					_, err := s.Decide(ctx, history.Decision{Key: history.Key{Environment: "staging", Gate: fmt.Sprint("gate", n%100)}, Action: "Wait", At: noon})
					return err
				}},
				{"Verification", func(_ context.Context, n int64) error {
					live(b, s, history.Key{Environment: "staging", Gate: fmt.Sprint("gate", n%100)}, fmt.Sprint("new", n))
					return nil
				}},
			} {
				b.Run(call.name, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						require.NoError(b, call.do(b.Context(), count.Add(1)))
					}
				})
				b.Run(call.name+"By16", func(b *testing.B) {
					b.ReportAllocs()
					b.SetParallelism(16)
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							if err := call.do(b.Context(), count.Add(1)); err != nil {
								b.Error(err)
							}
						}
					})
				})
			}
		})
	}
}

// live records a Verification from its begin to its end: one Run of 50 cases.
func live(b *testing.B, s *history.Store, of history.Key, id string) {
	ctx := b.Context()
	run := history.Run{ID: id + "-1", Verification: id, Purpose: history.ToVerify, Suite: "smoke", Attempt: 1, Shards: 1}
	v := history.Verification{ID: id, Key: of, Targets: at("A", id), Phase: history.Running, Started: noon}
	_, err := s.Begin(ctx, v, []history.Run{run})
	require.NoError(b, err)
	require.NoError(b, s.StartRun(ctx, run.ID, noon))
	r := &report.Report{Counts: report.Counts{Total: 50, Passed: 50}}
	for n := range 50 {
		r.Cases = append(r.Cases, report.Case{Suite: "checkout", Name: fmt.Sprint("case ", n), Status: report.Passed})
	}
	run.End, run.Started, run.Finished = runner.Exited, noon, noon
	require.NoError(b, s.FinishRun(ctx, run, []*report.Report{r}))
	v.Phase, v.Finished = history.Done, noon
	v.Verdict = &gate.Verdict{Outcome: gate.Failed, Reason: "as told"}
	v.Cause = &blame.Cause{Kind: blame.Config}
	require.NoError(b, s.Advance(ctx, v))
}

// BenchmarkLog measures how fast a Run may print.
func BenchmarkLog(b *testing.B) {
	line := make([]byte, 32<<10)
	for i := range line {
		line[i] = "a line of output, "[i%18]
	}
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			s := open(b, database.place(b))
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			log, err := s.WriteLog(b.Context(), "r")
			require.NoError(b, err)
			for b.Loop() {
				if _, err := log.Write(line); err != nil {
					b.Fatal(err)
				}
			}
			require.NoError(b, log.Close())
		})
	}
}
