// Package lead has one of several Assays work at a time. In go a Lease of the cluster and the work; the work is begun once this Assay holds
// the Lease, and is told to end before another could hold it. It never lets two work at once on purpose: where it cannot be sure, it
// returns an error, and the process has to end.
//
// The Lease alone cannot stop an Assay that stands still for a while, wakes up and goes on where it was: it does not know yet. What that
// one writes the history refuses (history.Store.Lead); what it does outside is named by its inputs, and so done once.
package lead

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/klog/v2"
)

// ErrLost says that the Lease could not be renewed, so that another Assay may hold it soon.
var ErrLost = errors.New("the lead is lost")

// Options say who stands for election, and for what.
type Options struct {
	Client kubernetes.Interface
	// Namespace and Pod are this Assay's own. The pod's name is who holds the Lease, and the pod gets the label Label while it leads.
	Namespace, Pod string
	// Lease is its name.
	Lease string
	// Duration is how long others wait for a leader that says nothing: whole seconds, 15s by default. After two thirds of it a leader that
	// cannot renew the Lease gives up.
	Duration time.Duration
	Log      *slog.Logger
}

// Run waits until this Assay leads, and runs work. It returns what work does, after it has given the Lease to whoever is next;
// and nil where ctx ended before.
//
// When ctx ends, work is expected to come to its end by itself, and the Lease is held until then. When the Lease is lost, the ctx of work
// ends, and Run returns ErrLost: before others may lead, whether work has returned or not. The process must end then.
func Run(ctx context.Context, o Options, work func(ctx context.Context) error) error {
	o.complete()
	if err := o.unmark(ctx); err != nil { // a pod keeps its labels when its container starts anew
		return nil // ctx ended
	}
	lock := &resourcelock.LeaseLock{
		LeaseMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Lease}, Client: o.Client.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: o.Pod},
	}
	electing, stop := context.WithCancel(klog.NewContext(context.WithoutCancel(ctx), logr.FromSlogHandler(o.Log.Handler())))
	defer stop()
	term := &term{ended: make(chan error, 1)}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: o.Duration, RenewDeadline: o.deadline(), RetryPeriod: o.retry(),
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(leading context.Context) {
				if term.begin() {
					go o.mark(leading)
					term.ended <- work(leading)
					stop()
				}
			},
			OnStoppedLeading: func() {},
			OnNewLeader:      func(pod string) { o.Log.Info("leads", "pod", pod, "lease", o.Lease) },
		},
	})
	if err != nil {
		return fmt.Errorf("lease %s: %w", o.Lease, err)
	}
	defer context.AfterFunc(ctx, func() {
		if term.prevent() {
			stop()
		}
	})()
	elector.Run(electing)

	if lost := electing.Err() == nil; lost {
		return errors.Join(ErrLost, term.end(o.Duration-o.deadline()-o.retry()))
	}
	err = term.end(0)
	o.release(ctx, lock)
	return err
}

func (o *Options) complete() {
	if o.Duration == 0 {
		o.Duration = 15 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

// deadline is how long a leader tries to renew the Lease, and retry the time between two tries. With both of them gone a fifth of the
// Duration is left for the work to end in before another leads.
func (o *Options) deadline() time.Duration { return o.Duration * 10 / 15 }
func (o *Options) retry() time.Duration    { return o.Duration * 2 / 15 }

// term is the time that this Assay leads. Once it was prevented it never begins.
type term struct {
	mu               sync.Mutex
	began, prevented bool
	ended            chan error
}

func (t *term) begin() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.began = !t.prevented
	return t.began
}

func (t *term) prevent() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prevented = !t.began
	return t.prevented
}

// end waits at most that long until the work has come to its end.
func (t *term) end(patience time.Duration) error {
	if t.prevent() {
		return nil
	}
	select {
	case err := <-t.ended:
		return err
	default:
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-t.ended:
		return err
	case <-timer.C:
		return fmt.Errorf("what was under way did not end within %s", patience)
	}
}

// release lets the next one lead at once. Where that fails, it leads when the Lease is over.
func (o *Options) release(ctx context.Context, lock resourcelock.Interface) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.deadline())
	defer cancel()
	if err := o.label(ctx, nil); err != nil {
		o.Log.Error("the label of the leader is not removed", "pod", o.Pod, "error", err)
	}
	held, _, err := lock.Get(ctx)
	if err == nil && held.HolderIdentity == o.Pod {
		now := metav1.Now()
		err = lock.Update(ctx, resourcelock.LeaderElectionRecord{
			LeaderTransitions: held.LeaderTransitions, LeaseDurationSeconds: 1, RenewTime: now, AcquireTime: now,
		})
	}
	if err != nil {
		o.Log.Error("the lease is not released", "lease", o.Lease, "error", err)
	}
}
