package simulate

import (
	"time"

	"github.com/assay-dev/assay/sources/tests"
)

// Default fills in what the Scenario leaves out, as the fields' documentation tells.
func (s *Scenario) Default() {
	spec := &s.Spec
	fill(&spec.Share, 1)
	fill(&spec.World.Repositories, 1)
	fill(&spec.World.Apps, 4)
	if len(spec.World.Environments) == 0 {
		spec.World.Environments = []string{"staging"}
	}
	fill(&spec.World.Settings, 8)
	fill(&spec.World.Exercise, 0.5)
	fill(&spec.Operator.Mode, tests.Merge)
	fill(&spec.Operator.LookEvery, tests.Duration{Duration: 10 * time.Minute})
	fill(&spec.Tests.Cases, Count{5, 12})
	fill(&spec.Tests.Takes, span(20*time.Second, 4*time.Minute))
	if len(spec.Tests.Rates) == 0 {
		spec.Tests.Rates = []float64{0.01}
	}
	fill(&spec.Tests.ChangeEvery, span(24*time.Hour, 96*time.Hour))
	fill(&spec.Commits.Every, span(2*time.Hour, 8*time.Hour))
	fill(&spec.Commits.Batch, Count{1, 3})
	fill(&spec.Commits.Refactors, 0.2)
	fill(&spec.Commits.Merges, 0.2)
	fill(&spec.Syncs.Interval, tests.Duration{Duration: 5 * time.Minute})
	fill(&spec.Syncs.Rollout, span(10*time.Second, 3*time.Minute))
	fill(&spec.Breakages.Every, span(3*time.Hour, 24*time.Hour))
	fill(&spec.Breakages.Batch, spec.Commits.Batch)
	fill(&spec.Breakages.OutageTakes, span(5*time.Minute, 6*time.Hour))
	fill(&spec.Breakages.DuringCommits, 0.5)
	fill(&spec.Breakages.DriftNoticed, span(time.Hour, 72*time.Hour))
	spec.People.defaults()
}

func (p *People) defaults() {
	fill(&p.AnswersAfter, span(5*time.Minute, 8*time.Hour))
	if p.Merge+p.Squash+p.Close+p.Ignore == 0 {
		p.Merge = 6
	}
	fill(&p.RepairsAfter, span(12*time.Hour, 24*time.Hour))
	if p.FixForward+p.RevertByHand+p.ForcePush == 0 {
		p.FixForward = 1
	}
}

func span(from, to time.Duration) Range {
	return Range{tests.Duration{Duration: from}, tests.Duration{Duration: to}}
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
