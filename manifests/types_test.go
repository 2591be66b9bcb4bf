package manifests

import (
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/kubernetes/scheme"
)

// untyped are kinds whose types would weigh more than Assay; the API server of the end-to-end tests checks Argo CD's by its CRD.
var untyped = map[string]bool{"PodMonitor": true, "Application": true}

// TestEveryFieldIsKnown decodes every object into its type, strictly. A field that is misspelt would otherwise be
// dropped by the API server.
func TestEveryFieldIsKnown(t *testing.T) {
	types := runtime.NewScheme()
	require.NoError(t, scheme.AddToScheme(types))
	require.NoError(t, sourcev1.AddToScheme(types))
	require.NoError(t, kustomizev1.AddToScheme(types))
	strict := serializer.NewCodecFactory(types, serializer.EnableStrict).UniversalDeserializer()
	for _, folder := range append(overlays, everything, "examples/flux", "examples/argocd") {
		t.Run(folder, func(t *testing.T) {
			for _, o := range build(t, folder).Objects {
				if untyped[o.Kind] {
					continue
				}
				_, _, err := strict.Decode(o.YAML(), nil, nil)
				require.NoError(t, err, o.String())
			}
		})
	}
}
