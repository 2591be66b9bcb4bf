package track_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/track"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
	"github.com/assay-dev/assay/sources/sync/watch"
)

var resources = map[string]schema.GroupVersionResource{
	"Shop":   {Group: "example.com", Version: "v1", Resource: "shops"},
	"Supply": {Group: "example.com", Version: "v1", Resource: "supplies"},
}

var history = []tracktest.Commit{
	{Name: "FIRST", Files: map[string]string{
		"shop/kustomization.yaml": "resources: [shop.yaml]\n", "shop/shop.yaml": "{apiVersion: v1, kind: ConfigMap, metadata: {name: shop}}\n",
	}},
	{Name: "BROKEN", Refs: []string{"refs/heads/main"}, Files: map[string]string{"shop/kustomization.yaml": "resources: [gone.yaml]\n"}},
}

// object is what is kept of a Shop, which is a Target, and of a Supply, which all Shops hang on.
type object struct{ metav1.ObjectMeta }

func trim(u *unstructured.Unstructured) *object { return &object{watch.Meta(u, track.RequestedAt)} }

// look is one at a Shop, of which it is remembered how often it was looked at.
type look = track.Look[int]

// engine is one whose looks the test chooses.
type engine struct {
	*tracktest.World
	tracker *track.Tracker[int]

	mu     sync.Mutex
	found  func(ctx context.Context, l *look)
	looks  map[string]int // by name
	synced []string       // the names that Synced was told
	shops  *watch.Kind[*object]
}

// in runs a test with an engine of its own, which finds nothing to tell until the test says so.
func in(t *testing.T, test func(t *testing.T, e *engine)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, &engine{World: tracktest.New(t, resources, history), found: func(context.Context, *look) {}, looks: map[string]int{}})
	})
}

// run begins to look, until the test ends.
func (e *engine) run() {
	cluster := watch.New(e.Objects, e.Metadata)
	e.tracker = track.New[int](track.Options{
		Cluster: "prod", Mirrors: e.Mirrors, Builder: render.NewBuilder([]byte("key")), Clock: clock.RealClock{}, Rollout: e.Rollout,
		Missing: e.missing, Synced: e.hear,
	})
	e.shops = watch.Follow(cluster, resources["Shop"], watch.Selection{}, trim, e.tracker.Note("Shop"))
	watch.Follow(cluster, resources["Supply"], watch.Selection{}, trim, e.tracker.Notify(func(of watch.Key) { e.tracker.LookAt(item(of.Name)) }))
	e.tracker.Open(track.Of("Shop", e.shops, e.look))
	e.Run(cluster, e.tracker)
}

func (e *engine) missing() error {
	if reason := e.shops.Reason(); reason != "" {
		return errors.New(reason)
	}
	return nil
}

func (e *engine) hear(i track.Item) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.synced = append(e.synced, i.Key.Name)
}

func (e *engine) look(ctx context.Context, l *look, o *object) {
	*l.Remembered++
	e.mu.Lock()
	e.looks[o.Name]++
	found := e.found
	e.mu.Unlock()
	found(ctx, l)
}

// finds chooses what looks find from now on.
func (e *engine) finds(found func(ctx context.Context, l *look)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.found = found
}

// looked is how often Shops were looked at since this was asked last, once there is nothing more to do.
func (e *engine) looked() map[string]int {
	synctest.Wait()
	e.mu.Lock()
	defer e.mu.Unlock()
	looks := e.looks
	e.looks = map[string]int{}
	return looks
}

// moved are the names of what moved since this was asked last.
func (e *engine) moved() (names []string) {
	synctest.Wait()
	targets, _ := e.tracker.Moved()
	for _, target := range targets {
		names = append(names, target.Name)
	}
	return names
}

// shop writes a Shop with some labels.
func (e *engine) shop(name, labels string) {
	e.Write(e.Object("{apiVersion: example.com/v1, kind: Shop, metadata: {name: " + name + ", namespace: shops, labels: {" + labels + "}}}"))
}

func item(name string) track.Item {
	return track.Item{Kind: "Shop", Key: watch.Key{Namespace: "shops", Name: name}}
}

func target(name string) syncs.Target {
	return syncs.Target{Cluster: "prod", Kind: "Shop", Namespace: "shops", Name: name}
}
