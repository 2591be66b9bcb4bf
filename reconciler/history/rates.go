package history

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/assay-dev/assay/reconciler/blame"
	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
)

// halfLife is after what time an observation of a case weighs half: suites change, and so do the machines that they run on.
const halfLife = 30 * 24 * time.Hour

func decayed(value float64, age time.Duration) float64 {
	return value * math.Exp2(-float64(max(age, 0))/float64(halfLife))
}

// Rates are the flake rates of cases of a Gate, as of a moment. Cases of which nothing is known are left out.
func (s *Store) Rates(ctx context.Context, key Key, cases []blame.CaseID, now time.Time) (map[blame.CaseID]blame.Rate, error) {
	rates := make(map[blame.CaseID]blame.Rate, len(cases))
	for _, id := range cases {
		rate, err := readRate(ctx, s.reader, key, id, now)
		if err != nil {
			return nil, err
		}
		if rate.Runs > 0 {
			rates[id] = rate
		}
	}
	return rates, nil
}

func readRate(ctx context.Context, q querier, key Key, id blame.CaseID, now time.Time) (rate blame.Rate, err error) {
	rows, err := q.QueryContext(ctx, `SELECT runs, flakes, at FROM rates WHERE environment = ? AND gate = ? AND suite = ? AND name = ?`,
		key.Environment, key.Gate, id.Suite, id.Name)
	if err != nil {
		return rate, fmt.Errorf("read flake rates: %w", err)
	}
	defer rows.Close()
	if rows.Next() {
		var at int64
		if err := rows.Scan(&rate.Runs, &rate.Flakes, &at); err != nil {
			return rate, fmt.Errorf("read flake rates: %w", err)
		}
		age := now.Sub(time.Unix(0, at))
		rate = blame.Rate{Runs: decayed(rate.Runs, age), Flakes: decayed(rate.Flakes, age)}
	}
	return rate, rows.Err()
}

// learn counts what a Done Verification showed of its cases: one that passed at once, and one that failed and passed on the same state.
// What failed for another reason than a flake teaches nothing about flakes.
func learn(ctx context.Context, tx *transaction, v Verification) error {
	flaked := map[blame.CaseID]bool{}
	switch {
	case v.Cause != nil && v.Cause.Kind == blame.Flake:
		for _, f := range v.Verdict.Failing {
			flaked[blame.CaseID{Suite: f.Suite, Name: f.Name}] = true
		}
	case v.Verdict.Outcome != gate.Passed:
		return nil
	}
	runs, err := documents[Run](ctx, tx, `SELECT document FROM runs WHERE verification = ? ORDER BY seq`, v.ID)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Purpose != ToVerify || run.End == runner.NotStarted || run.End == runner.Killed { // what was lost is no evidence
			continue
		}
		cases, err := casesOf(ctx, tx, run)
		if err != nil {
			return err
		}
		if len(cases) == 0 { // a Suite without reports is one case, named as its Runs are
			cases[exitCase(run)] = false
		}
		for id, flaky := range cases {
			if err := count(ctx, tx, v, id, flaky || flaked[id]); err != nil {
				return err
			}
		}
	}
	return nil
}

// exitCase is the case that the exit code of a Run stands for, as gate names it.
func exitCase(run Run) blame.CaseID {
	id := blame.CaseID{Suite: run.Suite, Name: run.Suite}
	if label := (runner.Job{Shard: run.Shard, Shards: run.Shards, Matrix: run.Matrix}).Variant(); label != "" {
		id.Name += " (" + label + ")"
	}
	return id
}

// casesOf are the cases that a Run saw, and which of them needed a second attempt within it.
func casesOf(ctx context.Context, tx *transaction, run Run) (map[blame.CaseID]bool, error) {
	rows, err := tx.QueryContext(ctx, `SELECT suite, name, flaky FROM cases WHERE run = ? AND status <> ?`, run.ID, report.Skipped)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	cases := map[blame.CaseID]bool{}
	for rows.Next() {
		var c report.Case
		if err := rows.Scan(&c.Suite, &c.Name, &c.Flaky); err != nil {
			return nil, err
		}
		id := blame.CaseID{Suite: run.Suite, Name: c.FullName()}
		cases[id] = cases[id] || c.Flaky
	}
	return cases, rows.Err()
}

func count(ctx context.Context, tx *transaction, v Verification, id blame.CaseID, flaked bool) error {
	rate, err := readRate(ctx, tx, v.Key, id, v.Finished)
	if err != nil {
		return err
	}
	rate.Runs++
	if flaked {
		rate.Flakes++
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO rates VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (environment, gate, suite, name) DO UPDATE SET runs = excluded.runs, flakes = excluded.flakes, at = excluded.at`,
		v.Key.Environment, v.Key.Gate, id.Suite, id.Name, rate.Runs, rate.Flakes, v.Finished.UnixNano())
	return err
}
