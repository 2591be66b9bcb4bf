package simulate

import (
	"bytes"
	"testing"

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
				spec.Operator.Mode = "commit"
				spec.Gate["rollback"] = map[string]any{"mode": mode, "otherTargets": true}
				spec.Commits.Batch = Count{1, 1}
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
