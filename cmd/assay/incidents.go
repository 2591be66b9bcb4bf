package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/reconciler/history"
)

// incident with all that belongs to it.
type incident struct {
	history.Incident
	// Verified is the Verification that opened it.
	Verified  *history.Verification `json:"verified,omitempty"`
	Proposals []history.Proposal    `json:"proposals"`
}

func newIncidents() *cobra.Command {
	var p past
	cmd := &cobra.Command{
		Use:     "incidents [ID]",
		GroupID: groupWatch,
		Short:   "List incidents, or tell all about one",
		Long: `List the Incidents, newest first. With the ID of one (its first characters are enough),
tell its cause and the evidence, what failed, and its Proposals. Reads the data of
"assay run", also while that runs.`,
		Example: `  assay incidents --environment prod
  assay incidents 3f9c --output yaml`,
		Args: cobra.MaximumNArgs(1),
	}
	form := addOutput(cmd)
	addFilter(cmd, &p, 20)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		store, err := p.look(ctx)
		if err != nil {
			return err
		}
		defer store.Close()
		if len(args) == 1 {
			one, err := findIncident(ctx, store, args[0])
			if err != nil {
				return unusable(err)
			}
			return form.print(cmd.OutOrStdout(), one, func(w io.Writer) { incidentText(w, one) })
		}
		all, err := store.Incidents(ctx, p.filter)
		if err != nil {
			return unusable(err)
		}
		return form.print(cmd.OutOrStdout(), listOf(all), func(w io.Writer) { incidentTable(w, all) })
	}
	return cmd
}

// findIncident finds the one whose ID begins so.
func findIncident(ctx context.Context, store *history.Store, id string) (*incident, error) {
	all, err := store.Incidents(ctx, history.Filter{})
	if err != nil {
		return nil, err
	}
	var found []incident
	for _, i := range all {
		if strings.HasPrefix(i.ID, id) {
			found = append(found, incident{Incident: i, Proposals: []history.Proposal{}})
		}
	}
	if len(found) != 1 {
		return nil, fmt.Errorf("%s with an ID that begins with %q: `assay incidents` lists all", several(len(found), "incident"), id)
	}
	one := &found[0]
	if one.Verified, err = store.Verification(ctx, one.Verification); err != nil {
		return nil, err
	}
	proposals, err := store.ProposalsOf(ctx, one.ID)
	one.Proposals = append(one.Proposals, proposals...)
	return one, err
}

func incidentTable(w io.Writer, all []history.Incident) {
	if len(all) == 0 {
		row(w, "no incident yet, or none that matches")
		return
	}
	row(w, "OPENED", "INCIDENT", "ENVIRONMENT", "GATE", "STATE", "LASTED", "CAUSE", "REASON")
	for _, i := range all {
		row(w, moment(i.Opened), i.ID, i.Key.Environment, i.Key.Gate, i.State, lasted(i), cause(i), i.Reason)
	}
}

// lasted is how long an Incident took: from what broke to recovery, where it came to that, else from when it was opened.
func lasted(i history.Incident) string {
	if i.Recovery > 0 {
		return i.Recovery.Round(time.Second).String()
	}
	end := i.Closed
	if end.IsZero() {
		end = time.Now()
	}
	return end.Sub(i.Opened).Round(time.Second).String()
}

func cause(i history.Incident) string {
	if i.Cause == nil {
		return "-"
	}
	return string(i.Cause.Kind)
}

func incidentText(w io.Writer, i *incident) {
	row(w, fmt.Sprintf("Incident %s of %s/%s: %s", i.ID, i.Key.Environment, i.Key.Gate, i.State))
	row(w, "  "+i.Reason)
	began := "opened " + i.Opened.Local().Format(time.DateTime)
	if i.Recovery > 0 {
		began = "broke " + i.Broke.Local().Format(time.DateTime)
	}
	row(w, fmt.Sprintf("  %s, lasted %s", began, lasted(i.Incident)))
	if v := i.Verified; v != nil && v.Verdict != nil {
		fmt.Fprintln(w)
		row(w, fmt.Sprintf("What failed, at %s (assay logs %s):", commits(v.Targets), v.ID))
		row(w, "  "+v.Verdict.Reason)
		for _, c := range v.Verdict.Failing {
			first, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
			row(w, "  ✗ "+c.Suite+": "+c.Name)
			if first != "" {
				row(w, "      "+first)
			}
		}
	}
	if i.Cause != nil {
		fmt.Fprintln(w)
		row(w, fmt.Sprintf("Cause: %s: %s", i.Cause.Kind, i.Cause.Reason))
		for _, e := range i.Cause.Evidence {
			row(w, "  - "+e)
		}
		for _, s := range i.Cause.Suspects {
			row(w, fmt.Sprintf("  suspect %.10s %q by %s in %s: %s", s.Commit, s.Subject, s.Author, s.Repository, s.Why))
		}
	}
	for _, p := range i.Proposals {
		fmt.Fprintln(w)
		row(w, proposalLine(p))
		if p.ProofReason != "" {
			row(w, "  "+p.ProofReason)
		}
		for _, why := range p.NotByItself {
			row(w, "  only a person may merge it: "+why)
		}
		if p.Reland != "" {
			row(w, "  it did not help; the change that it reverted: "+p.Reland)
		}
	}
}
