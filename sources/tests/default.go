package tests

import "time"

// Default fills in what the Suite leaves out, as the fields' documentation tells.
func (s *Suite) Default() {
	spec := &s.Spec
	if len(spec.Files) == 0 {
		spec.Files = []string{"**"}
	}
	fill(&spec.WorkingDirectory, ".")
	fill(&spec.Timeout, Duration{10 * time.Minute})
	fill(&spec.Shards, 1)
	if spec.Resource != nil {
		spec.Reports = []ReportSource{{Path: ResourceReport, Format: "assay-json"}}
	}
	for i := range spec.Services {
		fill(&spec.Services[i].Timeout, Duration{2 * time.Minute})
	}
}

// Default fills in what the Gate leaves out, as the fields' documentation tells. Conditions stay empty: without any, every Suite must pass.
func (g *Gate) Default() {
	spec := &g.Spec
	fill(&spec.Order, Parallel)
	fill(&spec.Deadline, Duration{10 * time.Minute})
	fill(&spec.Flakes, FlakesPass)
	fill(&spec.Every, Duration{12 * time.Hour})
	fill(&spec.BaselineMaxAge, Duration{24 * time.Hour})
	fill(&spec.Rollback.Mode, Propose)
	fill(&spec.Reruns.Confidence, 0.99999)
	fill(&spec.Reruns.Spread, Duration{2 * time.Minute})
	if spec.Reruns.Min == nil {
		least := 2
		if spec.Reruns.Max != nil {
			least = min(least, *spec.Reruns.Max)
		}
		spec.Reruns.Min = &least
	}
	if spec.Reruns.Max == nil {
		most := max(10, *spec.Reruns.Min)
		spec.Reruns.Max = &most
	}
	for i := range spec.Pass {
		fill(&spec.Pass[i].Name, spec.Pass[i].Expr)
	}
}

// Default fills in what the Site leaves out, as the fields' documentation tells. The branch stays empty: only the remote knows its HEAD.
func (s *Site) Default() {
	fill(&s.Spec.Live.Interval, Duration{10 * time.Second})
	fill(&s.Spec.Live.Timeout, Duration{10 * time.Second})
	if s.Spec.Deploy != nil {
		fill(&s.Spec.Deploy.Timeout, Duration{10 * time.Minute})
	}
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
