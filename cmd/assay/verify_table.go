package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/assay-dev/assay/cmd/assay/internal/trial"
)

// shownCases is how many failing cases of a Gate are listed.
const shownCases = 30

func verifyTable(w io.Writer, o *trial.Results) {
	for i, v := range o.Gates {
		if i > 0 {
			fmt.Fprintln(w)
		}
		row(w, "SUITE", "OUTCOME", "PASSED", "FAILED", "ERRORED", "SKIPPED", "FLAKY", "TIME")
		for _, s := range v.Suites {
			row(w, s.Name, s.Outcome, s.Counts.Passed, s.Counts.Failed, s.Counts.Errored, s.Counts.Skipped, s.Counts.Flaky, seconds(s.Seconds))
		}
		flush(w)
		for _, s := range v.Suites {
			if s.Reason != "" {
				row(w, "  "+s.Name+": "+s.Reason)
			}
		}
		for i, c := range v.Failing {
			if i == shownCases {
				row(w, fmt.Sprintf("  ... and %d more", len(v.Failing)-shownCases))
				break
			}
			row(w, "  ✗ "+c.Suite+": "+c.Name)
			if first, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n"); first != "" {
				row(w, "      "+first)
			}
		}
		name := "suites"
		if v.Gate != "" {
			name = "gate " + v.Gate
		}
		fmt.Fprintln(w)
		row(w, fmt.Sprintf("%s: %s: %s", name, v.Outcome, v.Reason))
	}
}
