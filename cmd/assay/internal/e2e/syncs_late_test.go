//go:build e2e

package e2e

import (
	"testing"

	"k8s.io/client-go/kubernetes"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealEnginesComeLate has Assay watch a cluster that knows nothing of Flux or Argo CD. When somebody installs them, with the kinds that
// they bring, it watches these as well.
func TestRealEnginesComeLate(t *testing.T) {
	t.Parallel()
	p := *shared(t)
	p.Cluster = stack.StartCluster(t, stack.Options{Controllers: true})
	var err error
	p.client, err = kubernetes.NewForConfig(p.Config())
	require.NoError(t, err)
	p.install(t)
	s := newScene(t, &p, map[string]string{"late-flux": "Kustomization", "late-argo": "Application"})
	late := s.newApp(t, "late-flux")
	late.decided("no target that Assay sees matches what the gate follows")
	p.StartFlux(t)
	late.fluxBegins(selling("1"), fluxApp)

	late = s.newApp(t, "late-argo")
	p.StartArgoCD(t)
	late.argoBegins(selling("1"))
}
