package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/lead"
)

// podNamespace is a variable that manifests/ sets, as podName is.
const podNamespace = "POD_NAMESPACE"

// asLeader does the work once this Assay leads: in a pod, where replicas may share its database, once it holds their Lease; elsewhere at
// once. The ctx of the work ends only when another Assay may lead.
func asLeader(ctx context.Context, s *settings.Settings, log *slog.Logger, work func(ctx context.Context) error) error {
	pod, namespace := os.Getenv(podName), os.Getenv(podNamespace)
	if s.Database == "" || pod == "" || namespace == "" {
		return work(context.WithoutCancel(ctx))
	}
	config, err := clusterConfig(s)
	if err == nil && config == nil {
		err = rest.ErrNotInCluster
	}
	if err != nil {
		return unusable(fmt.Errorf("replicas that share a database agree on who leads by a Lease of the cluster, which cannot be asked: %w", err))
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return unusable(err)
	}
	return lead.Run(ctx, lead.Options{
		Client: client, Namespace: namespace, Pod: pod, Lease: s.Lease, Duration: time.Duration(s.LeaseDuration), Log: log,
	}, work)
}

// reconcile runs the loop until told ends, and then lets what is under way come to its end for a while. When leading ends it stops at once.
func reconcile(told, leading context.Context, assay *wire.Assay, s *settings.Settings, log *slog.Logger) error {
	ctx, stop := context.WithCancelCause(leading)
	defer stop(nil)
	if err := assay.History.Lead(ctx, s.Lease, holder()); err != nil {
		return err
	}
	var wait sync.WaitGroup
	wait.Go(func() {
		select {
		case <-told.Done():
			patience, cancel := context.WithTimeout(ctx, time.Duration(s.Drain))
			defer cancel()
			assay.Loop.Drain(patience)
			stop(nil)
		case <-assay.History.Deposed():
			stop(history.ErrDeposed)
		case <-ctx.Done():
		}
	})
	wait.Go(func() { assay.Watch(ctx) })
	wait.Go(func() { confirm(ctx, assay.History) })
	wait.Go(func() { prune(ctx, assay.History, retention(s), log) })
	err := assay.Loop.Run(ctx)
	if err != nil {
		stop(err)
	}
	wait.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, history.ErrDeposed) {
		return cause
	}
	return err
}

// confirmInterval is the time between two questions whether this Assay still leads.
const confirmInterval = 5 * time.Second

// confirm asks for as long as ctx lasts, where another could take the lead; Deposed tells the answer.
func confirm(ctx context.Context, past *history.Store) {
	if past.Deposed() == nil {
		return
	}
	again := time.NewTicker(confirmInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			_ = past.Confirm(ctx) // a database that is away is told of by whoever records something
		}
	}
}

// holder is who leads, as people know it.
func holder() string {
	host, _ := os.Hostname()
	return cmp.Or(os.Getenv(podName), host)
}
