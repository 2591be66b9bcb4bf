package services

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/assay-dev/assay/sources/render"
)

// Options are the operator's. Client, Discovery and Builder are needed.
type Options struct {
	// Client speaks to the API server.
	Client dynamic.Interface
	// Discovery says which kinds the cluster has. It is asked anew when a kind is not there.
	Discovery discovery.CachedDiscoveryInterface
	// Builder builds the folders.
	Builder *render.Builder
	// Instance tells the namespaces of this Assay from those of another one. Default: assay.
	Instance string
	// PodSecurity is the Pod Security Standard that the namespaces enforce: restricted (default), baseline or privileged.
	PodSecurity string
	// Orphan is how long after Recover a namespace may be there that nobody asks for. Default 10m.
	Orphan time.Duration
	// Log gets what nobody waits for, such as a namespace that was deleted because no Run is its own.
	Log *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Client == nil || o.Discovery == nil || o.Builder == nil {
		return o, errors.New("services: they need a client, discovery and a builder")
	}
	o.Instance = cmp.Or(o.Instance, "assay")
	o.PodSecurity = cmp.Or(o.PodSecurity, "restricted")
	o.Orphan = cmp.Or(o.Orphan, 10*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
