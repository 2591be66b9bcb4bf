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
	name := run.Suite
	if run.Purpose == history.ToRerun {
		name = fmt.Sprintf("%s, rerun %d", run.Suite, run.Round)
	}
	found, good := findings(run, reports)
	style, mark := green, "✓"
	if !good {
		style, mark = red, "✗"
	}
	s.say(style, mark, "%s: %s (%.1f s)", name, found, run.Finished.Sub(run.Started).Seconds())
}

// findings sums up what a Run found, and tells whether that is good.
func findings(run history.Run, reports []*report.Report) (text string, good bool) {
	if run.End != runner.Exited {
		return string(run.End) + ": " + run.Reason, false
	}
	var counts report.Counts
	for _, r := range reports {
		counts = counts.Plus(r.Counts)
		if requests, answered := r.Metrics["rows"], r.Metrics["status.200"]; requests > 0 {
			p95 := 1000 * r.Metrics["response-time.p95"]
			if failed := requests - answered; failed > 0 {
				return fmt.Sprintf("%.0f of %.0f requests failed (p95 %.1f ms)", failed, requests, p95), false
			}
			return fmt.Sprintf("%.0f requests answered (p95 %.1f ms)", requests, p95), true
		}
	}
	if bad := counts.Failed + counts.Errored; bad > 0 {
		return fmt.Sprintf("%d of %d tests failed", bad, counts.Total), false
	}
	return fmt.Sprintf("%d tests passed", counts.Total), true
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
	body, err := runGit(ctx, s.settings.Config, "Ana", "log", "-1", "--first-parent", "--format=%B", recordOf(p))
	if err != nil {
		return err
	}
	s.say(green, "✓", "Its text, in short (git log %s shows all of it):", recordOf(p))
	s.quote(dim, shortened(body))
	return nil
}

// recordOf is where the plain provider keeps a proposal's text.
func recordOf(p history.Proposal) string {
	return "refs/assay/proposals/" + strings.TrimPrefix(p.Branch, "assay/")
}

// shortened keeps of a proposal's text what was not told just before: who and what for, and what happens next. What is meant for machines,
// or folded away, is left out.
func shortened(body string) string {
	var kept []string
	skip := false
	for line := range strings.Lines(body) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "### "):
			if skip = line != "### What happens next"; skip {
				kept = append(kept, line+" ...")
			} else {
				kept = append(kept, line)
			}
		case skip, line == "", strings.HasPrefix(line, "<!--"), strings.HasPrefix(line, "Assay-"):
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
