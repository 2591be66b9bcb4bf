package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/simulate"
)

// simulationTable shows a Result in 120 columns.
func simulationTable(w io.Writer, r *simulate.Result) {
	all := append(slices.Clone(r.Scenarios), r.All)
	row(w, "SCENARIO", "BREAKAGES", "OF CONFIG", "PROPOSED", "REASON", "OVERTAKEN", "MISSED", "PROPOSAL p50/p95", "RECOVERY p50/p95", "RERUNS")
	for _, t := range all {
		row(w, t.Scenario, t.Breakages, t.Config.Breakages, share(t.Config.Proposed, t.Config), share(t.Config.Explained, t.Config), t.Config.Overtaken,
			t.Config.Missed, spans(t.ToProposal), spans(t.ToRecovery), t.Reruns)
	}
	fmt.Fprintln(w)
	row(w, "COMMITS", "ALONE", "BAD", "95%", "BY ITSELF", "BAD", "95%", "NOT TOLD APART", "NO CULPRIT", "FLAKES", "TOLD", "BLAMED")
	for _, t := range all {
		row(w, t.Scenario, t.Single.Commits, t.Single.Bad, rate(t.Single), t.ByItself.Commits, t.ByItself.Bad, rate(t.ByItself),
			fmt.Sprintf("%d in %d", t.Several.Commits, t.Several.Proposals), t.Several.Without, t.Flakes.Failed, t.Flakes.Told, t.Flakes.Blamed)
	}
	fmt.Fprintln(w)
	row(w, "TRUE CAUSE", "BREAKAGES", "ENDED")
	for _, k := range r.All.Kinds {
		var endings []string
		for _, ending := range slices.Sorted(maps.Keys(k.Endings)) {
			endings = append(endings, fmt.Sprintf("%s %d", ending, k.Endings[ending]))
		}
		row(w, k.Kind, k.Breakages, strings.Join(endings, ", "))
	}
	flush(w)
	simulationNotes(w, r)
}

// simulationNotes say why breakages of configuration had no Proposal, and what must not be.
func simulationNotes(w io.Writer, r *simulate.Result) {
	const most = 20
	if len(r.All.Reasons) > 0 {
		fmt.Fprintln(w, "\nWithout a proposal that holds the culprit:")
	}
	for i, reason := range r.All.Reasons {
		if i == most {
			fmt.Fprintf(w, "  ... and %d further ones\n", len(r.All.Reasons)-most)
			break
		}
		fmt.Fprintln(w, printable(cut(fmt.Sprintf("%5d  %s: %s: %s", reason.Times, reason.Kind, reason.Ending, reason.Reason), 120)))
	}
	for _, missed := range r.Missed {
		fmt.Fprintln(w, "\nGoal missed: "+missed)
	}
	if len(r.All.Violations) > 0 {
		fmt.Fprintf(w, "\n%s of what must always hold:\n", several(len(r.All.Violations), "violation"))
	}
	for i, v := range r.All.Violations {
		if i == most {
			fmt.Fprintf(w, "  ... and %d further ones\n", len(r.All.Violations)-most)
			break
		}
		fmt.Fprintln(w, printable(fmt.Sprintf("  %s --seed %d: %s", v.Scenario, v.Seed, v.Text)))
	}
}

func share(n int, of simulate.ConfigTally) string {
	if of.Breakages == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(n)/float64(of.Breakages))
}

func rate(t simulate.RevertTally) string {
	if t.Commits == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f-%.2f%%", 100*t.Rate.Low, 100*t.Rate.High)
}

func spans(q simulate.Quantiles) string {
	return brief(q.P50) + "/" + brief(q.P95)
}

// brief is a duration in its largest unit.
func brief(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d == 0:
		return "-"
	case d < time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0fm", d.Minutes())
	default:
		return fmt.Sprintf("%.0fh", d.Hours())
	}
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-3]) + "..."
	}
	return text
}
