package samples

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/report"
	"github.com/assay-dev/assay/reconciler/runner/resource/condition"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/tests"
)

var environments = []string{"dev", "staging", "prod"}

func TestConfigRenders(t *testing.T) {
	builder := render.NewBuilder(nil)
	digests := map[string]string{}
	for _, env := range environments {
		rendering, err := builder.Build(t.Context(), directory(t, "config"), "overlays/"+env, render.Settings{})
		require.NoError(t, err)
		require.Len(t, rendering.Objects, 6)
		require.NotContains(t, digests, rendering.Digest)
		digests[rendering.Digest] = env
	}
}

func TestTestsLoad(t *testing.T) {
	suites := map[string]int{"dev": 2, "staging": 3, "prod": 3}
	for _, env := range environments {
		set, err := tests.Load(t.Context(), render.NewBuilder(nil), directory(t, "tests"), "overlays/"+env, tests.Options{CheckExpr: gate.Check})
		require.NoError(t, err)
		require.Len(t, set.Suites, suites[env])
		require.Len(t, set.SuitesOf(set.Gate("shop")), suites[env])

		site := set.Site("shop")
		require.Equal(t, "overlays/"+env, site.Spec.Path)
		require.Equal(t, "http://checkout."+env+".example.com/version", site.Spec.Live.HTTP.URL)
		for _, suite := range set.Suites {
			require.Equal(t, "http://catalog."+env+".example.com", suite.Spec.Env[0].Value)
			require.Equal(t, "http://checkout."+env+".example.com", suite.Spec.Env[1].Value)
		}
	}
}

func TestClusterLoads(t *testing.T) {
	kinds := map[string]string{"pipeline": "PipelineRun", "workflow": "Workflow", "load": "TestRun"}
	for env, suites := range map[string]int{"staging": 4, "prod": 3} {
		tree := directory(t, "cluster")
		set, err := tests.Load(t.Context(), render.NewBuilder(nil), tree, "overlays/"+env, tests.Options{CheckExpr: gate.Check, CheckResource: condition.Check, Formats: report.Formats()})
		require.NoError(t, err)
		require.Len(t, set.SuitesOf(set.Gate("shop")), suites)
		for _, suite := range set.Suites {
			if suite.Spec.Resource == nil {
				require.Len(t, suite.Spec.Services, 2)
				continue
			}
			require.Contains(t, suite.Spec.Env[0].Value, ".shop-"+env+".svc")
			node, err := suite.ResourceFile(tree)
			require.NoError(t, err)
			require.Equal(t, kinds[suite.Name()], node.Content[3].Value)
		}
	}
}

func directory(t *testing.T, name string) render.Tree {
	t.Helper()
	tree, err := render.OpenDirectory(name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tree.Close()) })
	return tree
}
