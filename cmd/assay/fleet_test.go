//go:build e2e

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/testdata/stack"
)

// What a fleet is. The Targets of a Gate are in one namespace, and render folders that others render as well.
const (
	fleetPerGate = 20
	fleetTeams   = 10 // namespaces
	fleetFolders = 100
	fleetObjects = 20 // that each Target applied
	fleetWriters = 16 // of statuses at the same time, as controllers with that concurrency
)

var (
	gitRepositories = schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: "gitrepositories"}
	kustomizations  = schema.GroupVersionResource{Group: "kustomize.toolkit.fluxcd.io", Version: "v1", Resource: "kustomizations"}
	applications    = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	namespaces      = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
)

// fleet is a large cluster: a real API server with the real kinds, and a benchmark in the place of the controllers. What they applied are
// no workloads: nothing runs in this cluster.
type fleet struct {
	b       *testing.B
	size    int // how many Kustomizations there are, and how many Applications
	cluster *stack.Cluster
	objects dynamic.Interface
	url     string   // of the config repository
	commits []string // of its branch, each of which changes what every folder renders
}

// newFleet makes one in which all Targets have applied the first of some commits.
func newFleet(b *testing.B, size, commits int) *fleet {
	f := &fleet{b: b, size: size, cluster: stack.StartCluster(b, stack.Options{})}
	f.cluster.InstallFluxCRDs(b)
	f.cluster.InstallArgoCRDs(b)
	config := f.cluster.Config()
	config.QPS, config.WarningHandler = -1, rest.NoWarnings{}
	var err error
	f.objects, err = dynamic.NewForConfig(config)
	require.NoError(b, err)
	f.makeRepository(commits)
	for team := range min(fleetTeams, size) {
		f.create(b.Context(), namespaces, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: team-%d}}", team))
		f.create(b.Context(), gitRepositories, fmt.Sprintf(`
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: config, namespace: team-%d}
spec: {interval: 1m, ref: {branch: main}, url: %q}
`, team, f.url))
	}
	f.each(func(ctx context.Context, n int) {
		f.create(ctx, kustomizations, f.kustomization(n, 0))
		f.create(ctx, applications, f.application(n, 0))
	})
	return f
}

// makeRepository makes the config repository with its commits, and serves it by Git's own server.
func (f *fleet) makeRepository(revisions int) {
	var commits []files
	for revision := range revisions {
		content := files{}
		for folder := range min(fleetFolders, f.size) {
			base := fmt.Sprintf("apps/f%02d/", folder)
			content[base+"kustomization.yaml"] = "resources: [shop.yaml]\n"
			content[base+"shop.yaml"] = configMap(revision*fleetFolders + folder)
		}
		commits = append(commits, content)
	}
	dir, ids := repositoryOf(f.b, commits...)
	root := f.b.TempDir()
	gittest.Run(f.b, dir, "clone", "-q", "--bare", dir, filepath.Join(root, "config.git"))
	server := exec.Command(os.Args[0], root)
	server.Env = append(os.Environ(), programVariable+"=git-server")
	f.url, f.commits = startChild(f.b, server, true)+"/config.git", ids
}

// each does something for every Target of a kind, in their order, a few at a time.
func (f *fleet) each(do func(ctx context.Context, n int)) {
	group, ctx := errgroup.WithContext(f.b.Context())
	group.SetLimit(fleetWriters)
	for n := range f.size {
		group.Go(func() error { do(ctx, n); return nil })
	}
	require.NoError(f.b, group.Wait())
}

// create creates an object, and its status where that is written on its own.
func (f *fleet) create(ctx context.Context, resource schema.GroupVersionResource, text string) {
	u := &unstructured.Unstructured{}
	require.NoError(f.b, yaml.Unmarshal([]byte(text), &u.Object))
	client := f.objects.Resource(resource).Namespace(u.GetNamespace())
	made, err := client.Create(ctx, u, metav1.CreateOptions{})
	require.NoError(f.b, err)
	if resource == kustomizations {
		u.SetResourceVersion(made.GetResourceVersion())
		_, err = client.UpdateStatus(ctx, u, metav1.UpdateOptions{})
		require.NoError(f.b, err)
	}
}

// status is what a controller writes about one object.
type status struct {
	resource        schema.GroupVersionResource
	namespace, name string
	patch           []byte
}

// synced is what the controllers write when both Targets of a number have applied a commit.
func (f *fleet) synced(n, commit int) []status {
	return []status{f.status(kustomizations, f.kustomization(n, commit)), f.status(applications, f.application(n, commit))}
}

// status is that of an object which is written down whole.
func (f *fleet) status(resource schema.GroupVersionResource, text string) status {
	u := &unstructured.Unstructured{}
	require.NoError(f.b, yaml.Unmarshal([]byte(text), &u.Object))
	patch, err := json.Marshal(map[string]any{"status": u.Object["status"]})
	require.NoError(f.b, err)
	return status{resource, u.GetNamespace(), u.GetName(), patch}
}

// write puts a status in place of the one that an object has.
func (f *fleet) write(ctx context.Context, s status) {
	var subresources []string
	if s.resource == kustomizations {
		subresources = append(subresources, "status")
	}
	client := f.objects.Resource(s.resource).Namespace(s.namespace)
	_, err := client.Patch(ctx, s.name, types.MergePatchType, s.patch, metav1.PatchOptions{}, subresources...)
	require.NoError(f.b, err)
}

// named is the name of a Target, which is that of its Gate and a number.
func named(n int) string  { return fmt.Sprintf("%s-%02d", gateOf(n), n%fleetPerGate) }
func gateOf(n int) string { return fmt.Sprintf("shop-%03d", n/fleetPerGate) }
func teamOf(n int) string { return fmt.Sprintf("team-%d", n/fleetPerGate%fleetTeams) }

// tests are a Suite that is over at once, and the Gates of all Targets.
func (f *fleet) tests() string {
	var all strings.Builder
	all.WriteString(document("Suite", "pass", "{command: [\"true\"]}"))
	for n := 0; n < f.size; n += fleetPerGate {
		for kind, prefix := range map[string]string{"Kustomization": "flux", "Application": "argo"} {
			all.WriteString(document("Gate", prefix+"-"+gateOf(n),
				fmt.Sprintf("{after: [{kind: %s, namespace: %s, name: %s-*}], suites: [{name: pass}]}", kind, teamOf(n), gateOf(n))))
		}
	}
	return all.String()
}
