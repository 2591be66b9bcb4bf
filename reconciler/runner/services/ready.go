package services

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// awaitReady waits until each object of a folder is ready, as kstatus has it, or until the folder's time is over. One that has failed for
// good is a *runner.Refusal, and so is one that takes too long.
func (r *Runner) awaitReady(ctx context.Context, f folder, began time.Time) error {
	pending := map[string]string{} // objects that are not ready, and what they say
	for _, o := range f.objects {
		ready, said, err := assess(f, o.Unstructured)
		if err != nil {
			return err
		}
		if !ready {
			pending[o.String()] = said
		}
	}
	if len(pending) == 0 {
		return nil
	}
	waiting, cancel := context.WithDeadline(ctx, began.Add(f.Timeout.Duration))
	defer cancel()
	seen := r.watch(waiting, f, pending)
	defer seen.stop()
	for len(pending) > 0 {
		select {
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return runner.Refuse("%s was not ready within %s: %s", f.Name, f.Timeout.Duration, listed(pending))
		case err := <-seen.refused:
			return err
		case o := <-seen.objects:
			name := object{Unstructured: o}.String()
			if _, waited := pending[name]; !waited {
				continue
			}
			ready, said, err := assess(f, o)
			if err != nil {
				return err
			}
			if pending[name] = said; ready {
				delete(pending, name)
			}
		}
	}
	return nil
}

func assess(f folder, o *unstructured.Unstructured) (ready bool, said string, err error) {
	name := object{Unstructured: o}.String()
	result, err := status.Compute(o)
	if err != nil {
		return false, "", runner.Refuse("%s: the status of %s cannot be read: %v", f.Name, name, err)
	}
	if result.Status == status.FailedStatus {
		return false, "", runner.Refuse("%s: %s has failed: %s", f.Name, name, result.Message)
	}
	return result.Status == status.CurrentStatus, result.Message, nil
}

// listed are the objects that are not ready, in order, with what they say.
func listed(pending map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(pending)) {
		parts = append(parts, strings.TrimSuffix(name+": "+pending[name], ": "))
	}
	return strings.Join(parts, "; ")
}

// seen are the objects of a namespace as they change.
type seen struct {
	objects chan *unstructured.Unstructured
	refused chan error
	stop    func()
}

// watch looks at the kinds of the objects that are waited for.
func (r *Runner) watch(ctx context.Context, f folder, pending map[string]string) *seen {
	ctx, cancel := context.WithCancel(ctx)
	var looking sync.WaitGroup
	s := &seen{objects: make(chan *unstructured.Unstructured), refused: make(chan error, 1)}
	s.stop = func() {
		cancel()
		looking.Wait()
	}
	hand := func(item any) {
		o, ok := item.(*unstructured.Unstructured)
		if !ok {
			return
		}
		select {
		case s.objects <- o:
		case <-ctx.Done():
		}
	}
	watched := map[schema.GroupVersionResource]bool{}
	for _, o := range f.objects {
		if _, waited := pending[o.String()]; !waited || watched[o.resource] {
			continue
		}
		watched[o.resource] = true
		informer := dynamicinformer.NewFilteredDynamicInformer(r.options.Client, o.resource, f.namespace, 0, cache.Indexers{}, nil).Informer()
		refuse := func(err error) {
			select {
			case s.refused <- runner.Refuse("%s: Assay may not watch whether %s is ready: %v", f.Name, o, err):
			default:
			}
		}
		var denials cluster.Denials
		_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) { // cannot fail before it runs
			if denials.Meant(err) && !informer.HasSynced() { // who was let in before will be again
				refuse(err)
			}
		})
		if _, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: hand, UpdateFunc: func(_, item any) { hand(item) },
		}); err != nil {
			refuse(fmt.Errorf("watch: %w", err))
		}
		looking.Go(func() { informer.RunWithContext(ctx) })
	}
	return s
}
