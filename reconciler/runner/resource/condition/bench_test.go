package condition

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// A Workflow of a thousand pods is judged anew with each of its changes.
func BenchmarkJudgeAWorkflow(b *testing.B) {
	nodes := map[string]any{}
	for i := range 1000 {
		nodes[fmt.Sprint(i)] = map[string]any{
			"type": "Pod", "name": fmt.Sprint("w.", i), "displayName": fmt.Sprint(i), "phase": "Succeeded",
			"startedAt": "2026-01-02T03:04:05Z", "finishedAt": "2026-01-02T03:04:09Z",
		}
	}
	object := map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "status": map[string]any{"phase": "Succeeded", "nodes": nodes},
	}
	conditions, wrong := Compile(&tests.Resource{}, object)
	require.Empty(b, wrong)
	seen := Seen{Object: object}
	b.Run("judge", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			verdict, err := conditions.Judge(seen)
			require.NoError(b, err)
			require.Equal(b, runner.Exited, verdict.End)
		}
	})
	b.Run("results", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cases, _, err := conditions.Results(seen)
			require.NoError(b, err)
			require.Len(b, cases, 1000)
		}
	})
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, wrong := Compile(&tests.Resource{}, object)
			require.Empty(b, wrong)
		}
	})
}
