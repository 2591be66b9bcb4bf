package resource

import (
	"cmp"
	"context"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// Options are the operator's. Client, Discovery and Namespace are needed.
type Options struct {
	// Client speaks to the API server as the runs' service account may: what it cannot create, no Suite can.
	Client dynamic.Interface
	// Discovery says which kinds the cluster has. It is asked anew when a kind is not there.
	Discovery discovery.CachedDiscoveryInterface
	// Namespace that the resources are created in. It must exist.
	Namespace string
	// Instance tells this Assay's objects from those of another one in the same namespace, such as another shard's. Default "assay".
	Instance string
	// Wanted tells whether a Run that an earlier Assay began will be asked for again. Without it, what is found is kept until it expires.
	Wanted func(ctx context.Context, id string) (bool, error)
	// MaxOutput is how many bytes of what a Run says are kept. Default 1 MiB.
	MaxOutput int
	// DefaultTimeout of a Suite that names none. Default 10m.
	DefaultTimeout time.Duration
}

func (o Options) withDefaults() Options {
	o.Instance = cmp.Or(o.Instance, "assay")
	o.MaxOutput = cmp.Or(o.MaxOutput, 1<<20)
	o.DefaultTimeout = cmp.Or(o.DefaultTimeout, 10*time.Minute)
	return o
}
