package simulate

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/render"
)

// scenario is one of a single kind of breakage, unless it is edited; Gates merge by themselves.
func scenario(edit func(*ScenarioSpec)) *Scenario {
	s := &Scenario{APIVersion: "assay.dev/v1alpha1", Kind: KindScenario, Metadata: ScenarioMeta{Name: "test"}, Spec: defaults()}
	s.Spec.Breakages.Commit = 1
	s.Spec.Gate = map[string]any{"rollback": map[string]any{"mode": "merge", "otherTargets": true}}
	if edit != nil {
		edit(&s.Spec)
	}
	return s
}

func TestABadCommitIsProposedAndRevertedInEveryMode(t *testing.T) {
	for _, mode := range []string{"shadow", "propose", "merge", "commit"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s := scenario(func(spec *ScenarioSpec) {
				spec.Operator.Mode, spec.Tests.Control = "commit", 1
				spec.Gate["rollback"] = map[string]any{"mode": mode, "otherTargets": true}
				spec.Breakages.Batch, spec.Commits.Every = Count{1, 1}, span(1000*time.Hour, 1000*time.Hour)
			})
			o, err := play(t.Context(), s, 1, 5, render.NewBuilder([]byte("key")), t.Output())
			require.NoError(t, err)
			require.Empty(t, o.violations)
			require.GreaterOrEqual(t, len(o.breakages), 5)
			for _, b := range o.breakages {
				require.Equal(t, proposedOne, b.ending, b.reason)
			}
			for _, p := range o.proposals {
				require.True(t, p.right)
				require.Equal(t, mode == "merge" || mode == "commit", p.byItself)
			}
		})
	}
}

func TestASeedReplaysExactly(t *testing.T) {
	s := scenario(func(spec *ScenarioSpec) {
		spec.World.Environments = []string{"staging", "prod"}
		spec.Tests.Flaky, spec.Tests.Rates, spec.Tests.Lost = 0.3, []float64{0.05}, 0.02
		spec.Faults = Faults{Provider: 0.05, Git: 0.02}
		spec.Breakages.Outage, spec.Breakages.Tests, spec.Breakages.Image = 0.3, 0.3, 0.2
	})
	var first, second bytes.Buffer
	for _, story := range []*bytes.Buffer{&first, &second} {
		_, err := play(t.Context(), s, 7, 6, render.NewBuilder([]byte("key")), story)
		require.NoError(t, err)
	}
	require.Positive(t, first.Len())
	require.Equal(t, first.String(), second.String())
}

// Assay that hardly runs anything again takes flakes for breakages. The judge must see what comes of that.
func TestTheJudgeSeesABrokenBlame(t *testing.T) {
	s := scenario(func(spec *ScenarioSpec) {
		spec.Gate["reruns"] = map[string]any{"min": 1, "max": 1, "confidence": 0.5}
		spec.Gate["flakes"] = "Fail"
		spec.Tests.Flaky, spec.Tests.Rates, spec.World.Apps = 0.5, []float64{0.2}, 2
		spec.Commits.Every = span(time.Hour, 2*time.Hour)
	})
	r, err := Run(t.Context(), Options{Scenarios: []*Scenario{s}, Seed: 3, Breakages: 4, Goals: Goals{BadRevertRate: 0.1, BadMergeRate: 0.1}})
	require.NoError(t, err)
	require.Positive(t, r.All.Flakes.Blamed)
	require.Positive(t, r.All.Single.Bad)
	require.Len(t, r.Missed, 2)
	require.Contains(t, r.Missed[0], "the bad-revert rate of what may merge by itself")
}

func TestWhatRunsInParallelChangesNothing(t *testing.T) {
	s := scenario(func(spec *ScenarioSpec) { spec.Breakages.Outage = 0.2 })
	options := Options{Scenarios: []*Scenario{s, s}, Seed: 5, Breakages: 8, Parallel: 1}
	one, err := Run(t.Context(), options)
	require.NoError(t, err)
	options.Parallel = 4
	four, err := Run(t.Context(), options)
	require.NoError(t, err)
	require.Equal(t, one, four)
}

// BenchmarkBreakage is what a breakage costs, from the commit to the recovery and a few quiet hours.
func BenchmarkBreakage(b *testing.B) {
	b.ReportAllocs()
	const each = 20
	for b.Loop() {
		_, err := play(b.Context(), scenario(nil), 1, each, render.NewBuilder(builderKey), nil)
		require.NoError(b, err)
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*each), "ms/breakage")
}
