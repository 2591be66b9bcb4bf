//go:build e2e

package manifests

import (
	"cmp"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/discovery"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealSchemas has kubeconform look at everything, strictly and without a network: with the schemas of a real API server that has the
// CRDs of Flux and Argo CD. The examples then go to that server, too.
func TestRealSchemas(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{})
	c.InstallFluxCRDs(t)
	c.InstallArgoCRDs(t)
	for _, namespace := range []string{"flux-system", "argocd"} {
		c.Apply(t, "{apiVersion: v1, kind: Namespace, metadata: {name: "+namespace+"}}")
	}
	kubeconform := tool(t, "kubeconform")
	client := discovery.NewDiscoveryClientForConfigOrDie(c.Config()).RESTClient()
	var schemas string
	require.Eventually(t, func() bool { // the API server learns of CRDs in its own time
		document, err := client.Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").DoRaw(t.Context())
		if err != nil || !strings.Contains(string(document), `"kind":"Application"`) || !strings.Contains(string(document), `"kind":"GitRepository"`) {
			return false
		}
		schemas = writeSchemas(t, document)
		return true
	}, time.Minute, 100*time.Millisecond)

	conform := func(objects string) (string, error) {
		check := exec.Command(kubeconform, "-strict", "-summary", "-skip", "PodMonitor", // whose CRD is no part of the stack
			"-schema-location", filepath.Join(schemas, "{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json"))
		check.Stdin = strings.NewReader(objects)
		out, err := check.CombinedOutput()
		return string(out), err
	}
	for _, folder := range append(overlays, everything, "examples/flux", "examples/argocd") {
		out, err := conform(string(build(t, folder).YAML()))
		require.NoError(t, err, "%s: %s", folder, out)
		require.Contains(t, out, "Invalid: 0, Errors: 0", folder)
	}
	deployment := string(build(t, overlays[0]).YAML())
	out, err := conform(strings.ReplaceAll(deployment, "terminationGracePeriodSeconds:", "terminationGraceSeconds:"))
	require.Error(t, err, "what is misspelt is found")
	require.Contains(t, out, "terminationGraceSeconds")
	c.Kubectl(t, "apply", "--dry-run=server", "-k", "examples/flux")
	c.Kubectl(t, "apply", "--dry-run=server", "-k", "examples/argocd")
}

// writeSchemas writes a file for each kind, as kubeconform looks for them, which refers to the definitions of all.
func writeSchemas(t *testing.T, document []byte) (dir string) {
	t.Helper()
	var api struct {
		Definitions map[string]map[string]any `json:"definitions"`
	}
	require.NoError(t, json.Unmarshal(document, &api))
	dir = t.TempDir()
	for name, definition := range api.Definitions {
		kinds, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, kind := range kinds {
			k := kind.(map[string]any)
			version := k["version"].(string)
			group := cmp.Or(k["group"].(string), version) // what kubeconform takes for the group of v1
			file := group + "_" + version + "_" + strings.ToLower(k["kind"].(string)) + ".json"
			writeJSON(t, filepath.Join(dir, file), map[string]any{"$ref": "all.json#/definitions/" + name})
		}
		tighten(definition)
	}
	writeJSON(t, filepath.Join(dir, "all.json"), map[string]any{"definitions": api.Definitions})
	return dir
}

// tighten makes a schema refuse fields that it does not know, and take numbers where Kubernetes does, which its documents do not say.
func tighten(schema map[string]any) {
	if schema["format"] == "int-or-string" {
		schema["type"] = []any{"integer", "string"}
	}
	delete(schema, "format")
	if properties, found := schema["properties"].(map[string]any); found {
		if schema["additionalProperties"] == nil && schema["x-kubernetes-preserve-unknown-fields"] == nil {
			schema["additionalProperties"] = false
		}
		for _, property := range properties {
			tighten(property.(map[string]any))
		}
	}
	for _, inner := range []string{"items", "additionalProperties"} {
		if nested, found := schema[inner].(map[string]any); found {
			tighten(nested)
		}
	}
}

func writeJSON(t *testing.T, path string, value any) {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o600))
}
