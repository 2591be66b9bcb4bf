package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// gateStatus is where one Gate stands.
type gateStatus struct {
	Environment string `json:"environment"`
	Gate        string `json:"gate"`
	// Verdict is the last final one; empty before the first. Since is when it was given.
	Verdict gate.Outcome `json:"verdict,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
	// Phase of the newest Verification.
	Phase        history.Phase `json:"phase,omitempty"`
	Verification string        `json:"verification,omitempty"`
	// Next is the last decision: what is being done or waited for, and why.
	Next *history.Decision `json:"next,omitempty"`
	// Incident that is open, and its Proposals.
	Incident  *history.Incident  `json:"incident,omitempty"`
	Proposals []history.Proposal `json:"proposals,omitempty"`
	// Holds that keep it from proposing or merging reverts.
	Holds []history.Hold `json:"holds,omitempty"`
}

// standing is where everything stands.
type standing struct {
	// Holds in force, whatever they are about.
	Holds []history.Hold `json:"holds,omitempty"`
	Items []gateStatus   `json:"items"`
}

func newStatus() *cobra.Command {
	var p past
	cmd := &cobra.Command{
		Use:     "status",
		GroupID: groupWatch,
		Short:   "Say where every gate stands: its verdict, what it waits for and why, its incident",
		Long: `Say of every Gate what its last Verdict is and since when, what Assay does or waits for
and why, and which Incident and Proposals are open; on top, what "assay hold" keeps it
from. Reads the data of "assay run", also while that runs. Exits with 1 when a Gate's
last Verdict is Failed.`,
		Example: `  assay status
  assay status --environment prod --output json`,
		Args: cobra.NoArgs,
	}
	form := addOutput(cmd)
	addPast(cmd, &p)
	cmd.Flags().StringVar(&p.filter.Environment, "environment", "", "`name` of the environment (default: all)")
	cmd.Flags().StringVar(&p.filter.Gate, "gate", "", "`name` of the gate (default: all)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		store, err := p.look(cmd.Context())
		if err != nil {
			return err
		}
		defer store.Close()
		now, err := stand(cmd.Context(), store, p.filter, time.Now())
		if err != nil {
			return unusable(err)
		}
		if err := form.print(cmd.OutOrStdout(), now, func(w io.Writer) { statusTable(w, now) }); err != nil {
			return err
		}
		for _, g := range now.Items {
			if g.Verdict == gate.Failed {
				return answer(exitNo)
			}
		}
		return nil
	}
	return cmd
}

// stand reads where the chosen Gates stand.
func stand(ctx context.Context, store *history.Store, filter history.Filter, now time.Time) (all standing, err error) {
	all.Items = []gateStatus{}
	if all.Holds, err = store.Holds(ctx, now); err != nil {
		return all, err
	}
	keys, err := knownKeys(ctx, store, filter.Environment, filter.Gate)
	if err != nil {
		return all, err
	}
	for _, key := range keys {
		state, err := store.Gate(ctx, key)
		if err != nil {
			return all, err
		}
		one := gateStatus{Environment: key.Environment, Gate: key.Gate}
		for _, h := range all.Holds {
			if h.Concerns(key) {
				one.Holds = append(one.Holds, h)
			}
		}
		if v := state.Final; v != nil {
			one.Verdict, one.Reason, one.Since = v.Verdict.Outcome, v.Verdict.Reason, v.Finished
		}
		if v := state.Latest; v != nil {
			one.Phase, one.Verification = v.Phase, v.ID
		}
		if i := state.Incident; i != nil && i.State == history.Ongoing {
			one.Incident, one.Proposals = i, state.Proposals
		}
		last, err := store.Decisions(ctx, history.Filter{Environment: key.Environment, Gate: key.Gate, Limit: 1})
		if err != nil {
			return all, err
		}
		if len(last) > 0 {
			one.Next = &last[0]
		}
		all.Items = append(all.Items, one)
	}
	return all, nil
}

func statusTable(w io.Writer, now standing) {
	for _, h := range now.Holds {
		row(w, "ON HOLD: "+h.String())
	}
	flush(w)
	if len(now.Items) == 0 {
		row(w, "no gate is known yet: assay run verifies each once its targets are seen")
		return
	}
	row(w, "ENVIRONMENT", "GATE", "VERDICT", "SINCE", "NOW")
	for _, g := range now.Items {
		verdict := string(g.Verdict)
		if verdict == "" {
			verdict = "-"
		}
		doing := "-"
		if g.Next != nil {
			doing = g.Next.Action + ": " + g.Next.Reason
		}
		if len(g.Holds) > 0 {
			doing = "[on hold] " + doing
		}
		row(w, g.Environment, g.Gate, verdict, moment(g.Since), doing)
	}
	flush(w)
	for _, g := range now.Items {
		if g.Incident == nil {
			continue
		}
		fmt.Fprintln(w)
		row(w, fmt.Sprintf("%s/%s: incident %s, open since %s: %s", g.Environment, g.Gate, g.Incident.ID, moment(g.Incident.Opened),
			g.Incident.Reason))
		for _, p := range g.Proposals {
			row(w, "  "+proposalLine(p))
		}
	}
}

// proposalLine is a Proposal in one line, with where it can be seen.
func proposalLine(p history.Proposal) string {
	where := p.URL
	if where == "" {
		where = "branch " + p.Branch + " of " + p.Repository
	}
	line := fmt.Sprintf("proposal %s: %s", p.State, where)
	if p.Proof != "" {
		line += ", proof: " + p.Proof
	}
	if p.Reason != "" {
		line += ": " + p.Reason
	}
	return line
}
