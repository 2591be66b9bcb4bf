package rollout

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	dynamicfake "k8s.io/client-go/dynamic/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	"k8s.io/utils/clock"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/sources/sync/watch"
)

// noon is when the objects of testdata have long been as they are.
var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

var (
	certificates = schema.GroupVersionResource{Group: "cert-manager.io", Version: "v1", Resource: "certificates"}
	definitions  = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// peer is a cluster made of client-go's fakes, and the Checker that follows it, at noon.
type peer struct {
	objects  *dynamicfake.FakeDynamicClient
	metadata *metadatafake.FakeMetadataClient
	checker  *Checker
}

// in runs a test with a cluster that holds the objects of files in testdata.
func in(t *testing.T, files []string, test func(t *testing.T, p *peer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(noon)) // the bubble's clock
		test(t, start(t, files...))
	})
}

// start makes the cluster and begins to follow it, until the test ends.
func start(t testing.TB, files ...string) *peer {
	scheme := metadatafake.NewTestScheme()
	require.NoError(t, metav1.AddMetaToScheme(scheme))
	lists := map[schema.GroupVersionResource]string{certificates: "CertificateList"}
	for kind, resource := range resources {
		lists[resource] = kind.Kind + "List"
	}
	mapper := meta.NewDefaultRESTMapper(nil)
	mapper.Add(certificates.GroupVersion().WithKind("Certificate"), meta.RESTScopeNamespace)
	p := &peer{
		objects:  dynamicfake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), lists),
		metadata: metadatafake.NewSimpleMetadataClient(scheme),
	}
	for _, name := range []string{"certificates.cert-manager.io", "canaries.flagger.app", "rollouts.argoproj.io"} {
		require.NoError(t, p.metadata.Tracker().Create(definitions, &metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition"},
			ObjectMeta: metav1.ObjectMeta{Name: name},
		}, ""))
	}
	for _, file := range files {
		for _, object := range load(t, file) {
			require.NoError(t, p.objects.Tracker().Create(resourceOf(object), object, object.GetNamespace()))
		}
	}
	cluster := watch.New(p.objects, p.metadata)
	p.checker = New(cluster, p.metadata, mapper, clock.RealClock{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cluster.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return p
}

func load(t testing.TB, file string) []*unstructured.Unstructured {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file + ".yaml")
	require.NoError(t, err)
	var all []*unstructured.Unstructured
	for _, document := range bytes.Split(data, []byte("\n---\n")) {
		u := &unstructured.Unstructured{}
		asJSON, err := yaml.YAMLToJSON(document)
		require.NoError(t, err)
		require.NoError(t, u.UnmarshalJSON(asJSON))
		all = append(all, u)
	}
	return all
}

func resourceOf(u *unstructured.Unstructured) schema.GroupVersionResource {
	if resource, known := resources[u.GroupVersionKind().GroupKind()]; known {
		return resource
	}
	return certificates
}

// edit changes an object of the cluster: fields are paths with dots, and nil removes what lies there.
func (p *peer) edit(t *testing.T, ref Ref, fields map[string]any) {
	t.Helper()
	resource, known := resources[ref.groupKind()]
	if !known {
		resource = certificates
	}
	found, err := p.objects.Tracker().Get(resource, ref.Namespace, ref.Name)
	require.NoError(t, err)
	u := found.(*unstructured.Unstructured).DeepCopy()
	for path, value := range fields {
		at := strings.Split(path, ".")
		if value == nil {
			unstructured.RemoveNestedField(u.Object, at...)
			continue
		}
		require.NoError(t, unstructured.SetNestedField(u.Object, value, at...))
	}
	u.SetResourceVersion(u.GetResourceVersion() + "0")
	require.NoError(t, p.objects.Tracker().Update(resource, u, ref.Namespace))
}

// remove takes an object out of the cluster.
func (p *peer) remove(t *testing.T, ref Ref) {
	t.Helper()
	require.NoError(t, p.objects.Tracker().Delete(resources[ref.groupKind()], ref.Namespace, ref.Name))
}

// add puts a copy of an object beside it, under another name and with other fields.
func (p *peer) add(t *testing.T, like Ref, name string, fields map[string]any) {
	t.Helper()
	found, err := p.objects.Tracker().Get(resources[like.groupKind()], like.Namespace, like.Name)
	require.NoError(t, err)
	u := found.(*unstructured.Unstructured).DeepCopy()
	u.SetName(name)
	require.NoError(t, p.objects.Tracker().Create(resources[like.groupKind()], u, like.Namespace))
	like.Name = name
	p.edit(t, like, fields)
}

// finished asks until all that is needed was listed.
func (p *peer) finished(t *testing.T, after string, refs ...Ref) Result {
	t.Helper()
	for {
		synctest.Wait()
		result, err := p.checker.Finished(t.Context(), refs, after)
		if err == nil {
			return result
		}
		require.ErrorContains(t, err, "not known")
		select {
		case <-p.checker.Changed():
		case <-time.After(time.Hour):
			require.NoError(t, err, "it never changes")
		}
	}
}

func ref(group, kind, name string) Ref {
	return Ref{Group: group, Version: "v1", Kind: kind, Namespace: "shop", Name: name}
}

var (
	web    = ref("apps", "Deployment", "web")
	newPod = ref("", "Pod", "web-7d8c9b5f6-k2x4v")
	oldPod = ref("", "Pod", "web-5c6d7f8b9-9zqlm")
	db     = ref("apps", "StatefulSet", "db")
	db0    = ref("", "Pod", "db-0")
	agent  = ref("apps", "DaemonSet", "agent")
	agent1 = ref("", "Pod", "agent-4mhd2")
	pay    = ref("argoproj.io", "Rollout", "pay")
	payPod = ref("", "Pod", "pay-8566c77b97-x2b8l")
	shop   = ref("flagger.app", "Canary", "web")
)
