package flux_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
	"github.com/assay-dev/assay/sources/sync/watch"
)

// resources are the kinds that the cluster of the tests has.
var resources = map[string]schema.GroupVersionResource{
	"Kustomization":     {Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"},
	"HelmRelease":       {Group: "helm.toolkit.fluxcd.io", Version: "v2", Resource: "helmreleases"},
	"GitRepository":     {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"},
	"OCIRepository":     {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "ocirepositories"},
	"Bucket":            {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "buckets"},
	"ExternalArtifact":  {Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "externalartifacts"},
	"ArtifactGenerator": {Group: "source.extensions.fluxcd.io", Version: "v1beta1", Resource: "artifactgenerators"},
	"ConfigMap":         {Version: "v1", Resource: "configmaps"},
	"Secret":            {Version: "v1", Resource: "secrets"},
}

// world is a cluster with Flux's objects.
type world struct {
	*tracktest.World
	builder *render.Builder
	options flux.Options
	source  *flux.Source
}

func newWorld(t testing.TB) *world {
	w := &world{World: tracktest.New(t, resources, history), builder: render.NewBuilder([]byte("key"))}
	w.options = flux.Options{Cluster: "prod", Rollout: w.Rollout}
	return w
}

var history = []tracktest.Commit{
	{Name: "FIRST", Files: map[string]string{
		"apps/shop/kustomization.yaml": "resources: [shop.yaml]\n",
		"apps/shop/shop.yaml":          "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}, data: {price: \"1\"}}\n",
		"apps/plain/plain.yaml":        "{apiVersion: v1, kind: ConfigMap, metadata: {name: plain}, data: {color: \"${color:=red}\"}}\n",
		"releases/web.yaml":            releaseFile("1.2.3"),
		"releases/other.yaml":          "{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: shop}}\n",
		"clusters/prod/shop.yaml": "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: shop, namespace: flux-system}, " +
			"spec: {interval: 10m, prune: true, path: ./apps/shop, sourceRef: {kind: GitRepository, name: shop}}}\n",
	}},
	{Name: "SECOND", Files: map[string]string{
		"apps/shop/shop.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}, data: {price: \"2\"}}\n",
	}},
	{Name: "ELSEWHERE", Files: map[string]string{"README.md": "Nothing that is rendered.\n"}},
	{Name: "RELEASE", Files: map[string]string{"releases/web.yaml": releaseFile("1.2.4")}},
	{Name: "BROKEN", Files: map[string]string{"apps/shop/kustomization.yaml": "resources: [gone.yaml]\n"}},
	{Name: "MOVED", Refs: []string{"refs/heads/main"}, Files: map[string]string{"apps/shop/kustomization.yaml": "", "apps/shop/shop.yaml": ""}},
}

func releaseFile(version string) string {
	return `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  interval: 10m
  chart: {spec: {chart: web, version: ` + version + `, sourceRef: {kind: HelmRepository, name: charts}}}
  valuesFrom: [{kind: ConfigMap, name: web-values}]
`
}

// apply writes objects, in YAML.
func (w *world) apply(text string) {
	w.T.Helper()
	for document := range strings.SplitSeq(text, "\n---\n") {
		if u := w.Object(document); u.Object != nil {
			w.Write(u)
		}
	}
}

// run begins to look, until the test ends.
func (w *world) run() {
	cluster := watch.New(w.Objects, w.Metadata)
	w.source = flux.New(cluster, w.Objects, w.Mirrors, w.builder, clock.RealClock{}, w.options)
	w.Run(cluster, w.source)
}

// commit is the name that the tests use for the commit of a Sync.
func (w *world) commit(s *syncs.Sync) string {
	w.T.Helper()
	require.NotNil(w.T, s, "%+v", w.States())
	require.NotEmpty(w.T, s.Revisions)
	return w.Names[s.Revisions[0].Commit]
}
