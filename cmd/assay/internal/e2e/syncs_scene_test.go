//go:build e2e

package e2e

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/history"
)

// scene is one Assay that watches many cases at a time: each is an Environment with a namespace, a repository and a page of the same name,
// and with a Gate app that follows the Target app there. Suites are processes beside Assay, which are done in a moment; the stories that
// are about pods run them as Jobs.
type scene struct {
	*place
	kinds map[string]string // of each case's Target
	pages *pages
	past  *history.Store
}

// newScene has Assay watch the cases, of which nothing is in the cluster yet.
func newScene(t *testing.T, p *place, kinds map[string]string) *scene {
	t.Helper()
	s := &scene{place: p, kinds: kinds, pages: newPages(t, p.BridgeAddress())}
	tests := p.newRepository(t, strings.ToLower(t.Name())+"-tests")
	tests.push("Test everything", s.overlays())
	assay := newAssay(t, p, s.settings(t, tests.url))
	assay.start()
	var err error
	s.past, err = history.OpenReadOnly(t.Context(), wire.HistoryPlace(assay.data(), ""))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.past.Close())
		assay.stop()
		s.clear(t)
	})
	return s
}

// component is what one of manifests/components says about rights.
func component(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "manifests", "components", name, "rbac.yaml"))
	require.NoError(t, err)
	return string(text)
}

// clear leaves the place to the other stories as it was.
func (s *scene) clear(t *testing.T) {
	ctx, roles, now := context.WithoutCancel(t.Context()), s.client.RbacV1(), metav1.DeleteOptions{}
	const argoSecrets = "assay-argocd-secrets"
	ends := []error{roles.RoleBindings("argocd").Delete(ctx, argoSecrets, now), roles.Roles("argocd").Delete(ctx, argoSecrets, now)}
	for name := range s.kinds {
		ends = append(ends, s.client.CoreV1().Namespaces().Delete(ctx, name, now))
	}
	for _, err := range ends {
		if !apierrors.IsNotFound(err) {
			require.NoError(t, err)
		}
	}
}

// overlays are the tests of all cases. A Gate that fails looks at its control Suite, and so leaves those of the other cases alone.
func (s *scene) overlays() map[string]string {
	all := map[string]string{}
	for name, kind := range s.kinds {
		all["overlays/"+name+"/kustomization.yaml"] = "resources: [tests.yaml]\n"
		all["overlays/"+name+"/tests.yaml"] = strings.NewReplacer("$KIND", kind, "$NAME", name, "$URL", s.pages.URL).Replace(`
apiVersion: assay.dev/v1alpha1
kind: Suite
metadata: {name: app}
spec: {command: [curl, --fail, --silent, --show-error, $URL/$NAME]}
---
apiVersion: assay.dev/v1alpha1
kind: Suite
metadata: {name: control}
spec: {command: [curl, --fail, --silent, --show-error, $URL/control]}
---
apiVersion: assay.dev/v1alpha1
kind: Gate
metadata: {name: app}
spec:
  after: [{kind: $KIND, name: app}]
  suites: [{name: app}]
  control: [{name: control}]
  deadline: 15s
  reruns: {min: 1, spread: 1s, confidence: 0.5}
`)
	}
	return all
}

func (s *scene) settings(t *testing.T, tests string) map[string]string {
	credentials := t.TempDir()
	for name, text := range map[string]string{"username": s.bot, "password": s.token} {
		require.NoError(t, os.WriteFile(filepath.Join(credentials, name), []byte(text), 0o600))
	}
	names := slices.Sorted(maps.Keys(s.kinds))
	all := map[string]string{"ASSAY_ENVIRONMENTS": strings.Join(names, ","), "ASSAY_MAX_PARALLEL": "20", "ASSAY_LOG_LEVEL": "info"}
	for _, name := range names {
		for setting, value := range map[string]string{
			"TESTS_URL": tests, "TESTS_CREDENTIALS": credentials, "TARGET_NAMESPACES": name, "RUNNER": "process",
		} {
			all["ASSAY_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"_"+setting] = value
		}
	}
	return all
}
