package simulate

import (
	"time"

	"github.com/assay-dev/assay/sources/tests"
)

// defaults are what a Scenario is where it says nothing, as the fields' documentation tells.
func defaults() ScenarioSpec {
	return ScenarioSpec{
		Share:    1,
		World:    World{Repositories: 1, Apps: 4, Environments: []string{"staging"}, Settings: 8, Exercise: 0.5},
		Operator: Operator{Mode: tests.Merge, LookEvery: duration(10 * time.Minute)},
		Tests: Tests{
			Cases: Count{5, 12}, Takes: span(20*time.Second, 4*time.Minute), Rates: []float64{0.01}, ChangeEvery: span(24*time.Hour, 96*time.Hour),
		},
		Commits: Commits{Every: span(2*time.Hour, 8*time.Hour), Batch: Count{1, 3}, Refactors: 0.2, Merges: 0.2},
		Syncs:   Syncs{Interval: duration(5 * time.Minute), Rollout: span(10*time.Second, 3*time.Minute)},
		Breakages: Breakages{
			Every: span(3*time.Hour, 24*time.Hour), Batch: Count{1, 3}, OutageTakes: span(5*time.Minute, 6*time.Hour), DuringCommits: 0.5,
			DriftNoticed: span(time.Hour, 72*time.Hour),
		},
		People: People{
			AnswersAfter: span(5*time.Minute, 8*time.Hour), Merge: 6, RepairsAfter: span(12*time.Hour, 24*time.Hour), FixForward: 1,
		},
	}
}

func duration(d time.Duration) tests.Duration { return tests.Duration{Duration: d} }

func span(from, to time.Duration) Range { return Range{duration(from), duration(to)} }
