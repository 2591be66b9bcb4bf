package resource

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// Options are the operator's. Client, Discovery and Namespace are needed.
type Options struct {
	// Client speaks to the API server. What it may not create, no Suite can.
	Client dynamic.Interface
	// Discovery says which kinds the cluster has. It is asked anew when a kind is not there.
	Discovery discovery.CachedDiscoveryInterface
	// Instance tells the objects of this Assay from those of another one. Default: assay.
	Instance string
	// Namespace is where an Environment's runs take place; Namespaces are those of single Environments. They must exist.
	Namespace  string
	Namespaces map[string]string
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
	if o.Client == nil || o.Discovery == nil || o.Namespace == "" {
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

// namespace is where the runs of an Environment take place.
func (o Options) namespace(environment string) string {
	return cmp.Or(o.Namespaces[environment], o.Namespace)
}
