package resource

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"

	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// Options are the operator's. Client, Discovery and the default of Namespaces are needed.
type Options struct {
	// Client speaks to the API server. What it may not create, no Suite can.
	Client dynamic.Interface
	// Discovery says which kinds the cluster has. It is asked anew when a kind is not there.
	Discovery discovery.CachedDiscoveryInterface
	// Instance tells the objects of this Assay from those of another one. Default: assay.
	Instance string
	// Namespaces are where runs take place.
	Namespaces cluster.Namespaces
	// Orphan is how long after Recover an object may be there that nobody asks for. Default 10m.
	Orphan time.Duration
	// MaxOutput is how many bytes of what a Run says are kept. Default 1 MiB.
	MaxOutput int
	// DefaultTimeout of a Suite that names none. Default 10m.
	DefaultTimeout time.Duration
	// Log gets what nobody waits for, such as an object that was deleted because no Run is its own.
	Log *slog.Logger
}

func (o Options) withDefaults() (Options, error) {
	if o.Client == nil || o.Discovery == nil || o.Namespaces.Default == "" {
		return o, errors.New("resource runner: it needs a client, discovery, and a namespace of runs")
	}
	o.Instance = cmp.Or(o.Instance, "assay")
	o.Orphan = cmp.Or(o.Orphan, 10*time.Minute)
	o.MaxOutput = cmp.Or(o.MaxOutput, 1<<20)
	o.DefaultTimeout = cmp.Or(o.DefaultTimeout, 10*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
