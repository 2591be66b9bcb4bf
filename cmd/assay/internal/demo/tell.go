package demo

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner"
)

// tellRuns tells the Runs of a Verification that have ended, and that it is judged.
func (s *story) tellRuns(ctx context.Context, v *history.Verification) error {
	runs, err := s.history.Runs(ctx, v.ID)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.End == "" || s.told[run.ID] {
			continue
		}
		reports, err := s.history.Reports(ctx, run.ID)
		if err != nil {
			return err
		}
		if run.Round > 0 {
			s.once("verdict of "+v.ID, func() { s.tellFailure(v) })
		}
		s.once(run.ID, func() { s.tellRun(run, reports) })
	}
	return nil
}

func (s *story) tellRun(run history.Run, reports []*report.Report) {
	var counts report.Counts
	rest := ""
	for _, r := range reports {
		counts = counts.Plus(r.Counts)
		if p95, there := r.Metrics["response-time.p95"]; there {
			rest = fmt.Sprintf("%.0f requests, p95 %.1f ms", r.Metrics["rows"], 1000*p95)
		}
	}
	bad := counts.Failed + counts.Errored
	switch {
	case run.End != runner.Exited:
		rest = string(run.End) + ": " + run.Reason
	case bad > 0:
		rest = fmt.Sprintf("%d of %d tests failed", bad, counts.Total)
	case counts.Total > 0:
		rest = fmt.Sprintf("%d tests passed", counts.Total)
	}
	name := run.Suite
	if run.Purpose == history.ToRerun {
		name = fmt.Sprintf("%s, rerun %d", run.Suite, run.Round)
	}
	style, mark := green, "✓"
	if bad > 0 || run.End != runner.Exited {
		style, mark = red, "✗"
	}
	s.say(style, mark, "%s: %s (%.1f s)", name, rest, run.Finished.Sub(run.Started).Seconds())
}

// tellFailure tells what failed, as the first Runs found it.
func (s *story) tellFailure(v *history.Verification) {
	s.say(red, "✗", "%s: %s", gate.Failed, v.Verdict.Reason)
	const most = 2
	for i, failing := range v.Verdict.Failing {
		if i == most {
			s.quote(dim, fmt.Sprintf("and %d more", len(v.Verdict.Failing)-most))
			break
		}
		s.quote("0", failing.Suite+": "+failing.Name)
		if line := firstLine(failing.Message); line != "" {
			s.quote(dim, "  "+line)
		}
	}
	s.say(dim, " ", "Before anything is blamed, what failed is run again: it may be a flake")
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(line)
}

// tellCause names the culprit, and what rules out the rest.
func (s *story) tellCause(v *history.Verification) {
	s.say(yellow, "!", "%s: %s", v.Cause.Kind, v.Cause.Reason)
	for _, evidence := range v.Cause.Evidence {
		s.quote(dim, evidence)
	}
	culprit := v.Cause.Suspects[0]
	s.say(yellow, "!", "Culprit: %.8s %q by %s. It %s", culprit.Commit, culprit.Subject, culprit.Author, culprit.Why)
}

// tellProposal shows the revert as a person finds it.
func (s *story) tellProposal(ctx context.Context) error {
	p := s.proposal
	s.say(green, "✓", "Branch %s is pushed to %s: %d commit that reverts %.8s", p.Branch, filepath.Base(s.settings.Config), len(p.Culprits), s.bad)
	s.say(green, "✓", "%s: %s", p.Proof, p.ProofReason)
	body, err := runGit(ctx, s.settings.Config, "Ana", "log", "-1", "--first-parent", "--format=%B", "refs/"+p.Branch)
	if err != nil {
		return err
	}
	s.quote(dim, shortened(body))
	return nil
}

// shortened leaves out of a proposal's text what is meant for machines, and folded away for people.
func shortened(body string) string {
	var kept []string
	folded := false
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "<details>"):
			folded = true
		case strings.HasPrefix(line, "</details>"):
			folded = false
		case folded, strings.HasPrefix(line, "<!--"), strings.HasPrefix(line, "Assay-"), line == "" && len(kept) > 0 && kept[len(kept)-1] == "":
		default:
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// end says what to try next.
func (s *story) end() {
	s.heading("The end")
	if !s.options.Keep {
		s.say(dim, " ", "Everything lay in a temporary folder, which is gone now. Try `assay demo --keep` to look around in it afterwards")
		return
	}
	assay := s.options.Loop[0]
	s.say(cyan, ">", "Everything is still there. Look around:")
	for _, command := range []string{
		assay + " status --data-dir " + s.settings.Data,
		assay + " history --data-dir " + s.settings.Data,
		assay + " incidents --data-dir " + s.settings.Data,
		"git -C " + s.settings.Config + " log --graph --oneline --all",
		assay + " lint " + s.tests.dir + " --overlay " + s.settings.Overlay,
	} {
		s.command(command)
	}
}
