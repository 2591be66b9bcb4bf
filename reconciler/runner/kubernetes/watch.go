package kubernetes

import (
	"context"
	"fmt"
	"sync"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	clients "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
)

// watch follows this Assay's own Jobs and their pods, in the namespaces of runs, cut down to what is used.
type watch struct {
	jobs, pods map[string]cache.SharedIndexInformer // by namespace
	factories  []informers.SharedInformerFactory

	mu     sync.Mutex
	bells  map[string]chan struct{} // by object name: rung when something about a Run's Job or pod is new
	cancel context.CancelFunc
}

// byRun indexes pods by the label of their Run.
const byRun = "run"

func newWatch(client clients.Interface, options Options) (*watch, error) {
	w := &watch{jobs: map[string]cache.SharedIndexInformer{}, pods: map[string]cache.SharedIndexInformer{}, bells: map[string]chan struct{}{}}
	selector := labels.SelectorFromSet(options.own()).String()
	for _, namespace := range options.Namespaces.All() {
		factory := informers.NewSharedInformerFactoryWithOptions(client, 0, informers.WithNamespace(namespace), informers.WithTransform(trim),
			informers.WithTweakListOptions(func(list *metav1.ListOptions) { list.LabelSelector = selector }))
		jobs, pods := factory.Batch().V1().Jobs().Informer(), factory.Core().V1().Pods().Informer()
		err := pods.AddIndexers(cache.Indexers{byRun: func(object any) ([]string, error) {
			return []string{namePrefix + object.(*corev1.Pod).Labels[labelRun]}, nil
		}})
		for kind, informer := range map[string]cache.SharedIndexInformer{"jobs": jobs, "pods": pods} {
			if err == nil {
				err = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *cache.Reflector, err error) {
					options.Log.Warn("the objects of runs cannot be watched", "kind", kind, "namespace", namespace, "error", err)
				})
			}
			if err == nil {
				_, err = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
					AddFunc: w.ring, UpdateFunc: func(_, object any) { w.ring(object) }, DeleteFunc: w.ring,
				})
			}
		}
		if err != nil {
			return nil, fmt.Errorf("watch jobs and pods in namespace %s: %w", namespace, err)
		}
		w.jobs[namespace], w.pods[namespace] = jobs, pods
		w.factories = append(w.factories, factory)
	}
	return w, nil
}

// trim keeps of an object what is used.
func trim(object any) (any, error) {
	switch o := object.(type) {
	case *batchv1.Job:
		return &batchv1.Job{ObjectMeta: trimMeta(o.ObjectMeta), Status: batchv1.JobStatus{
			Conditions: o.Status.Conditions, CompletionTime: o.Status.CompletionTime,
		}}, nil
	case *corev1.Pod:
		return &corev1.Pod{ObjectMeta: trimMeta(o.ObjectMeta), Spec: trimSpec(o.Spec), Status: corev1.PodStatus{
			Phase: o.Status.Phase, Reason: o.Status.Reason, Message: o.Status.Message, Conditions: o.Status.Conditions,
			InitContainerStatuses: o.Status.InitContainerStatuses, ContainerStatuses: o.Status.ContainerStatuses,
		}}, nil
	}
	return object, nil
}

func trimSpec(spec corev1.PodSpec) corev1.PodSpec {
	trimmed := corev1.PodSpec{NodeName: spec.NodeName}
	for _, c := range spec.InitContainers {
		trimmed.InitContainers = append(trimmed.InitContainers, corev1.Container{Name: c.Name, StartupProbe: c.StartupProbe})
	}
	return trimmed
}

func trimMeta(meta metav1.ObjectMeta) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Name: meta.Name, Namespace: meta.Namespace, UID: meta.UID, ResourceVersion: meta.ResourceVersion, CreationTimestamp: meta.CreationTimestamp,
		DeletionTimestamp: meta.DeletionTimestamp, DeletionGracePeriodSeconds: meta.DeletionGracePeriodSeconds, OwnerReferences: meta.OwnerReferences,
		Labels:      map[string]string{labelRun: meta.Labels[labelRun]},
		Annotations: map[string]string{annotationRun: meta.Annotations[annotationRun], annotationInputs: meta.Annotations[annotationInputs]},
	}
}

// start begins to watch, and returns when all that is there has been seen.
func (w *watch) start(ctx context.Context) error {
	w.mu.Lock()
	if w.cancel == nil {
		running, cancel := context.WithCancel(context.WithoutCancel(ctx))
		w.cancel = cancel
		for _, factory := range w.factories {
			factory.StartWithContext(running)
		}
	}
	w.mu.Unlock()
	for _, factory := range w.factories {
		if err := factory.WaitForCacheSyncWithContext(ctx).AsError(); err != nil {
			return fmt.Errorf("watch jobs and pods: %w", err)
		}
	}
	return nil
}

func (w *watch) stop() {
	w.mu.Lock()
	cancel := w.cancel
	w.mu.Unlock()
	if cancel == nil {
		return
	}
	cancel()
	for _, factory := range w.factories {
		factory.Shutdown()
	}
}

// ring tells whoever waits for a Run that there is something to see.
func (w *watch) ring(object any) {
	if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = gone.Obj
	}
	meta, ok := object.(metav1.Object)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	select {
	case w.bells[namePrefix+meta.GetLabels()[labelRun]] <- struct{}{}:
	default: // nobody waits, or it has been rung
	}
}

// listen returns the bell of a Run, and what ends listening.
func (w *watch) listen(name string) (bell <-chan struct{}, end func()) {
	own := make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bells[name] = own
	return own, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.bells, name)
	}
}

// job is the Job of that name as it was last seen, nil where there is none.
func (w *watch) job(namespace, name string) *batchv1.Job {
	object, there, err := w.jobs[namespace].GetStore().GetByKey(namespace + "/" + name)
	if err != nil || !there {
		return nil // a store in memory knows no other error than that of a key that cannot be made
	}
	return object.(*batchv1.Job)
}

// pod is the pod of a Job, nil where there is none.
func (w *watch) pod(job *batchv1.Job) *corev1.Pod {
	objects, err := w.pods[job.Namespace].GetIndexer().ByIndex(byRun, job.Name)
	if err != nil {
		return nil // the index is there since the watch was made
	}
	for _, object := range objects {
		if pod := object.(*corev1.Pod); metav1.IsControlledBy(pod, job) {
			return pod
		}
	}
	return nil
}

// all are the Jobs that are there.
func (w *watch) all() (jobs []*batchv1.Job) {
	for _, informer := range w.jobs {
		for _, object := range informer.GetStore().List() {
			jobs = append(jobs, object.(*batchv1.Job))
		}
	}
	return jobs
}
