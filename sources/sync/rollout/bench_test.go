package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkJudge judges one Deployment, which happens once for each of its changes.
func BenchmarkJudge(b *testing.B) {
	whole, judge := load(b, "deployment")[0], workloadOf(deployments)
	b.ReportAllocs()
	for b.Loop() {
		judge(whole)
	}
}

// BenchmarkFinished asks for an inventory of 1,000 Deployments with two ReplicaSets and two pods each.
func BenchmarkFinished(b *testing.B) {
	const many = 1_000
	p, refs := start(b), make([]Ref, many)
	for i := range refs {
		name := fmt.Sprintf("web%d", i)
		refs[i] = ref("apps", "Deployment", name)
		for _, u := range load(b, "deployment") {
			u.SetName(strings.Replace(u.GetName(), "web", name, 1))
			owners := u.GetOwnerReferences()
			for j := range owners {
				owners[j].Name = strings.Replace(owners[j].Name, "web", name, 1)
			}
			u.SetOwnerReferences(owners)
			require.NoError(b, p.objects.Tracker().Create(resourceOf(u), u, u.GetNamespace()))
		}
	}
	require.Eventually(b, func() bool {
		result, err := p.checker.Finished(b.Context(), refs, "")
		return err == nil && result.State == Done
	}, time.Minute, time.Millisecond)
	b.ReportAllocs()
	for b.Loop() {
		result, err := p.checker.Finished(b.Context(), refs, "")
		require.NoError(b, err)
		require.Equal(b, Done, result.State)
	}
}
