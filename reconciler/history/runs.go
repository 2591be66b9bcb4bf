package history

import (
	"context"
	"fmt"
	"time"

	"github.com/assay-dev/assay/reconciler/report"
)

// AddRuns records further Runs of an open Verification. Those that are there already stay as they are.
func (s *Store) AddRuns(ctx context.Context, runs []Run) error {
	if len(runs) == 0 {
		return nil
	}
	return s.write(ctx, turnOfRun(runs[0].ID), fmt.Sprintf("%d runs", len(runs)), func(tx *transaction) error { return addRuns(ctx, tx, runs) })
}

func addRuns(ctx context.Context, tx *transaction, runs []Run) error {
	for _, run := range runs {
		if _, err := insert(ctx, tx, `INSERT INTO runs (id, verification, document) VALUES (?, ?, ?)`, run.ID, run.Verification, encode(run)); err != nil {
			return fmt.Errorf("run %s: %w", run.ID, err)
		}
	}
	return nil
}

// StartRun records when a Run began. One that began before and was cut short begins anew.
func (s *Store) StartRun(ctx context.Context, id string, at time.Time) error {
	return s.write(ctx, turnOfRun(id), "the start of run "+id, func(tx *transaction) error {
		run, err := document[Run](ctx, tx, `SELECT document FROM runs WHERE id = ?`, id)
		switch {
		case err != nil:
			return err
		case run == nil:
			return fmt.Errorf("there is no such run")
		case run.End != "":
			return fmt.Errorf("it has ended already")
		}
		run.Started = at
		_, err = tx.ExecContext(ctx, `UPDATE runs SET document = ? WHERE id = ?`, encode(run), id)
		return err
	})
}

// FinishRun records how a Run ended, with its reports. The first end stands: a second one is refused, unless it is the same.
func (s *Store) FinishRun(ctx context.Context, run Run, reports []*report.Report) error {
	return s.write(ctx, turnOfRun(run.ID), "the end of run "+run.ID, func(tx *transaction) error {
		known, err := document[Run](ctx, tx, `SELECT document FROM runs WHERE id = ?`, run.ID)
		switch {
		case err != nil:
			return err
		case known == nil:
			return fmt.Errorf("there is no such run")
		case known.End != "" && encode(known) == encode(run):
			return nil
		case known.End != "":
			return fmt.Errorf("it ended as %s already", known.End)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE runs SET document = ? WHERE id = ?`, encode(run), run.ID); err != nil {
			return err
		}
		return addReports(ctx, tx, run.ID, reports)
	})
}

func addReports(ctx context.Context, tx *transaction, run string, reports []*report.Report) error {
	var heads, cases, metrics [][]any
	for place, r := range reports {
		head := *r
		head.Cases, head.Metrics = nil, nil
		heads = append(heads, []any{run, place, encode(head)})
		for i, c := range r.Cases {
			cases = append(cases, []any{run, place, i, c.Suite, c.Name, c.File, c.Status, c.Flaky, int64(c.Duration), c.Message, c.Detail})
		}
		for name, value := range r.Metrics {
			metrics = append(metrics, []any{run, place, name, value})
		}
	}
	for table, rows := range map[string][][]any{"reports": heads, "cases": cases, "metrics": metrics} {
		if err := insertAll(ctx, tx, table, rows); err != nil {
			return err
		}
	}
	return nil
}

// Runs are those of a Verification, in the order in which they were asked for.
func (s *Store) Runs(ctx context.Context, verification string) ([]Run, error) {
	return documents[Run](ctx, s.reader, `SELECT document FROM runs WHERE verification = ? ORDER BY seq`, verification)
}

// Run is the one with the given ID, or nil.
func (s *Store) Run(ctx context.Context, id string) (*Run, error) {
	return document[Run](ctx, s.reader, `SELECT document FROM runs WHERE id = ?`, id)
}

// Reports are what a Run left, as they were recorded.
func (s *Store) Reports(ctx context.Context, run string) ([]*report.Report, error) {
	heads, err := documents[report.Report](ctx, s.reader, `SELECT document FROM reports WHERE run = ? ORDER BY place`, run)
	if err != nil || len(heads) == 0 {
		return nil, err
	}
	reports := make([]*report.Report, len(heads))
	for i := range heads {
		reports[i] = &heads[i]
		reports[i].Metrics = map[string]float64{}
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT report, suite, name, file, status, flaky, duration, message, detail FROM cases WHERE run = ? ORDER BY report, place`, run)
	if err != nil {
		return nil, fmt.Errorf("read the cases of run %s: %w", run, err)
	}
	defer rows.Close()
	for rows.Next() {
		var place int
		var c report.Case
		if err := rows.Scan(&place, &c.Suite, &c.Name, &c.File, &c.Status, &c.Flaky, &c.Duration, &c.Message, &c.Detail); err != nil {
			return nil, fmt.Errorf("read the cases of run %s: %w", run, err)
		}
		reports[place].Cases = append(reports[place].Cases, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read the cases of run %s: %w", run, err)
	}
	return reports, s.readMetrics(ctx, run, reports)
}

func (s *Store) readMetrics(ctx context.Context, run string, reports []*report.Report) error {
	rows, err := s.reader.QueryContext(ctx, `SELECT report, name, value FROM metrics WHERE run = ?`, run)
	if err != nil {
		return fmt.Errorf("read the metrics of run %s: %w", run, err)
	}
	defer rows.Close()
	for rows.Next() {
		var place int
		var name string
		var value float64
		if err := rows.Scan(&place, &name, &value); err != nil {
			return fmt.Errorf("read the metrics of run %s: %w", run, err)
		}
		reports[place].Metrics[name] = value
	}
	return rows.Err()
}
