package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/history"
)

func newHistory() *cobra.Command {
	var p past
	var decisions bool
	cmd := &cobra.Command{
		Use:     "history",
		GroupID: groupWatch,
		Short:   "List what was verified, newest first",
		Long: `List the Verifications, newest first: what was verified on which occasion, and the
verdict. With --decisions, list what Assay decided instead, also to do nothing, and why.
Reads the data of "assay run", also while that runs.`,
		Example: `  assay history --environment staging --since 24h
  assay history --decisions --gate shop --limit 100`,
		Args: cobra.NoArgs,
	}
	cmd.AddCommand(newRebuild())
	form := addOutput(cmd)
	addFilter(cmd, &p, 20)
	cmd.Flags().BoolVar(&decisions, "decisions", false, "list decisions and their reasons")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := p.look(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		if decisions {
			found, err := store.Decisions(cmd.Context(), p.filter)
			if err != nil {
				return unusable(err)
			}
			return form.print(cmd.OutOrStdout(), listOf(found), func(w io.Writer) { decisionTable(w, found) })
		}
		found, err := store.Verifications(cmd.Context(), p.filter)
		if err != nil {
			return unusable(err)
		}
		return form.print(cmd.OutOrStdout(), listOf(found), func(w io.Writer) { verificationTable(w, found) })
	}
	return cmd
}

func verificationTable(w io.Writer, all []history.Verification) {
	if len(all) == 0 {
		row(w, "nothing was verified yet, or nothing that was chosen")
		return
	}
	row(w, "STARTED", "VERIFICATION", "ENVIRONMENT", "GATE", "OCCASION", "OUTCOME", "COMMITS", "REASON")
	for _, v := range all {
		outcome, reason := string(v.Phase), v.Reason
		if v.Verdict != nil {
			outcome, reason = string(v.Verdict.Outcome), v.Verdict.Reason
		}
		if v.Cause != nil {
			outcome += " (" + string(v.Cause.Kind) + ")"
		}
		row(w, moment(v.Started), v.ID, v.Key.Environment, v.Key.Gate, v.Occasion.Kind, outcome, commits(v.Targets), reason)
	}
}

// commits are the Targets' commits in short, each once.
func commits(targets []history.TargetState) string {
	var out []string
	seen := map[string]bool{}
	for _, t := range targets {
		for _, r := range t.Revisions {
			if !seen[r.Commit] {
				seen[r.Commit] = true
				out = append(out, fmt.Sprintf("%.8s", r.Commit))
			}
		}
	}
	return strings.Join(out, ",")
}

func decisionTable(w io.Writer, all []history.Decision) {
	if len(all) == 0 {
		row(w, "nothing was decided yet, or nothing that was chosen")
		return
	}
	row(w, "AT", "ENVIRONMENT", "GATE", "ACTION", "TIMES", "REASON")
	for _, d := range all {
		row(w, moment(d.At), d.Key.Environment, d.Key.Gate, d.Action, d.Times, d.Reason)
	}
}
