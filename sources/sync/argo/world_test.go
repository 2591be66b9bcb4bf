package argo_test

import (
	"cmp"
	encoding "encoding/base64"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
	"github.com/assay-dev/assay/sources/sync/watch"
)

var resources = map[string]schema.GroupVersionResource{
	"Application":    {Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"},
	"ApplicationSet": {Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"},
	"Secret":         {Version: "v1", Resource: "secrets"},
	"ConfigMap":      {Version: "v1", Resource: "configmaps"},
}

// world is a cluster with Argo CD's objects.
type world struct {
	*tracktest.World
	options argo.Options
	source  *argo.Source
}

var history = []tracktest.Commit{
	{Name: "FIRST", Refs: []string{"refs/tags/v1.0.0"}, Files: map[string]string{
		"apps/shop/kustomization.yaml": "resources: [shop.yaml]\n", "apps/shop/shop.yaml": configMap("shop", "1"),
		"apps/parent/shop.yaml": application("shop"), "apps/parent/other.yaml": configMap("other", "1"), "apps/parent/set.yaml": applicationSet,
		"values/web.yaml": "replicas: 1\n", "README.md": "A shop.\n",
		"chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "chart/templates/web.yaml": configMap("web", "{{ .Values.replicas }}"),
	}},
	{Name: "SECOND", Refs: []string{"refs/heads/fixed"}, Files: map[string]string{"apps/shop/shop.yaml": configMap("shop", "2")}},
	{Name: "ELSEWHERE", Files: map[string]string{"README.md": "Nothing that is rendered.\n", "values/web.yaml": "replicas: 2\n"}},
	{Name: "BROKEN", Refs: []string{"refs/heads/main"}, Files: map[string]string{"apps/shop/kustomization.yaml": "resources: [gone.yaml]\n"}},
	{Name: "HYDRATED", Refs: []string{"refs/heads/env/prod"}, Files: map[string]string{
		"env/prod/hydrator.metadata": `{"drySha": "{{SECOND}}", "repoURL": "https://git.example.com/shop.git"}`,
	}},
}

func configMap(name, price string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {price: %q}\n", name, price)
}

func application(name string) string {
	return fmt.Sprintf("{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: %s, namespace: argocd}, spec: {project: default}}\n", name)
}

const applicationSet = "{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: shops, namespace: argocd}, spec: {generators: []}}\n"

// in runs a test in a world of its own, at noon.
func in(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))) // the bubble's clock
		test(t, newWorld(t))
	})
}

func newWorld(t testing.TB) *world {
	w := &world{World: tracktest.New(t, resources, history)}
	w.options = argo.Options{Cluster: "prod", Namespace: "argocd", KubeVersion: "1.36.3", Rollout: w.Rollout}
	return w
}

// load reads an object of testdata.
func (w *world) load(file string) *unstructured.Unstructured {
	w.T.Helper()
	data, err := os.ReadFile("testdata/" + file + ".yaml")
	require.NoError(w.T, err)
	return w.Object(string(data))
}

// fields are changes of an object: by path with dots, as YAML. An empty text removes the field.
type fields map[string]string

func (w *world) edited(u *unstructured.Unstructured, all fields) *unstructured.Unstructured {
	w.T.Helper()
	for _, path := range slices.Sorted(maps.Keys(all)) {
		text, at := all[path], strings.Split(path, ".")
		if text == "" {
			unstructured.RemoveNestedField(u.Object, at...)
			continue
		}
		whole := w.Object("apiVersion: v1\nkind: Value\nvalue: " + strings.ReplaceAll(text, "\n", "\n  "))
		require.NoError(w.T, unstructured.SetNestedField(u.Object, whole.Object["value"], at...))
	}
	return u
}

// run begins to look, until the test ends.
func (w *world) run() {
	cluster := watch.New(w.Objects, w.Metadata)
	w.source = argo.New(cluster, w.Objects, w.Mirrors, render.NewBuilder([]byte("key")), clock.RealClock{}, w.options)
	w.Run(cluster, w.source)
}

// told is a Sync in a line: outcome, commits by their names, failure and reason.
func (w *world) told(s *syncs.Sync) string {
	if s == nil {
		return ""
	}
	words := []string{string(s.Outcome)}
	for _, r := range s.Revisions {
		words = append(words, cmp.Or(w.Names[r.Commit], r.Commit))
	}
	if s.Failure != "" {
		words = append(words, string(s.Failure)+": "+s.Reason)
	}
	return strings.Join(words, " ")
}

// briefly puts the short ids of commits in place of their names between percent signs.
func (w *world) briefly(text string) string {
	for name, id := range w.Commits {
		text = strings.ReplaceAll(text, "%"+name+"%", id[:8])
	}
	return text
}

func base64(text string) string { return encoding.StdEncoding.EncodeToString([]byte(text)) }
