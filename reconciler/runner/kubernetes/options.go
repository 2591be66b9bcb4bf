package kubernetes

import (
	"cmp"
	"errors"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
)

// Options are the operator's. Dir, Key, URL, Image and the default of Namespaces are needed.
type Options struct {
	// Dir is where what pods deliver is kept until it is read. It belongs to one Assay at a time, and is created when absent.
	Dir string
	// Key makes the tokens of pods, of at least 32 bytes: the same for all replicas, and for as long as Jobs may run.
	Key []byte
	// URL is where pods reach Handler, without /runs: http://assay.assay-system:9292.
	URL string
	// CA are certificates (PEM) that sign that of URL, where the system's do not.
	CA string
	// Image of Assay, from which the wrapper comes.
	Image string
	// Instance tells the Jobs of this Assay from those of another one. Default: assay.
	Instance string
	// Namespaces are where runs take place.
	Namespaces cluster.Namespaces
	// Rules are what Suites may ask for.
	Rules Rules
	// Bounds of a Run that does not start, and of one that is over.
	Bounds Bounds
	// Limits of each Run.
	Limits courier.Limits
	// Services adds the Suite's services to its pod. Default: none.
	Services func(job runner.Job, pod *corev1.PodSpec) error
	// Log gets what nobody waits for, such as a Job that was deleted because no Run is its own.
	Log *slog.Logger
	// Now is the clock. Default: the system's.
	Now func() time.Time
}

// Rules are what the operator lets Suites ask for. What is zero allows the least.
type Rules struct {
	// DefaultImage is for Suites that name none. Default: such Suites do not start.
	DefaultImage string
	// PullPolicy of all images. Default: as Kubernetes has it.
	PullPolicy corev1.PullPolicy
	// ServiceAccounts that a Suite may name, besides the default one; Token lets it ask for the account's token.
	ServiceAccounts []string
	Token           bool
	// PriorityClasses and RuntimeClasses that a Suite may name. The first RuntimeClass is given to Suites that name none.
	PriorityClasses, RuntimeClasses []string
	// Root lets a Suite run as user id 0, still without capabilities.
	Root bool
	// NodeSelector holds for every pod, and Tolerations are added to every pod.
	NodeSelector map[string]string
	Tolerations  []corev1.Toleration
	// Resources are for Suites that name none; most memory or CPU are matters of a LimitRange and a ResourceQuota in the runs' namespace.
	Resources corev1.ResourceRequirements
}

// Bounds are times. Zero is the default.
type Bounds struct {
	// Schedule is how long a pod may wait for a node. Default 5m.
	Schedule time.Duration
	// Pull is how long an image may fail to be pulled. Default 2m.
	Pull time.Duration
	// Configure is how long a container may fail to be created. Default 30s.
	Configure time.Duration
	// Start is how long all of it may take, from the Job to the start of the command. Default 10m.
	Start time.Duration
	// Unreachable is how long a pod is held to a node that is not ready or cannot be reached. Default 1m.
	Unreachable time.Duration
	// Lost is how long a pod that is being deleted may say nothing, over its grace period, until its node is held to be lost. Default 30s.
	Lost time.Duration
	// Orphan is how long a Job may be there that nobody asks for. Default 10m.
	Orphan time.Duration
	// TTL is how long a finished Job stays that nobody forgets. Default 1h.
	TTL time.Duration
}

func (o Options) withDefaults() (Options, error) {
	for _, given := range []struct{ name, value string }{
		{"directory", o.Dir}, {"URL", o.URL}, {"image", o.Image}, {"namespace of runs", o.Namespaces.Default},
	} {
		if given.value == "" {
			return o, errors.New("kubernetes runner: no " + given.name + " is given")
		}
	}
	o.Instance = cmp.Or(o.Instance, "assay")
	o.Bounds.Schedule = cmp.Or(o.Bounds.Schedule, 5*time.Minute)
	o.Bounds.Pull = cmp.Or(o.Bounds.Pull, 2*time.Minute)
	o.Bounds.Configure = cmp.Or(o.Bounds.Configure, 30*time.Second)
	o.Bounds.Start = cmp.Or(o.Bounds.Start, 10*time.Minute)
	o.Bounds.Unreachable = cmp.Or(o.Bounds.Unreachable, time.Minute)
	o.Bounds.Lost = cmp.Or(o.Bounds.Lost, 30*time.Second)
	o.Bounds.Orphan = cmp.Or(o.Bounds.Orphan, 10*time.Minute)
	o.Bounds.TTL = cmp.Or(o.Bounds.TTL, time.Hour)
	o.Limits.Timeout = cmp.Or(o.Limits.Timeout, 10*time.Minute)
	o.Limits.Grace = cmp.Or(o.Limits.Grace, 5*time.Second)
	o.Limits.MaxOutput = cmp.Or(o.Limits.MaxOutput, 1<<20)
	o.Limits.Log = cmp.Or(o.Limits.Log, 256<<20)
	o.Limits.Report = cmp.Or(o.Limits.Report, 64<<20)
	o.Limits.Artifact = cmp.Or(o.Limits.Artifact, 256<<20)
	o.Limits.Files = cmp.Or(o.Limits.Files, 1000)
	o.Limits.Disk = cmp.Or(o.Limits.Disk, 16<<30)
	o.Limits.Away = cmp.Or(o.Limits.Away, 10*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}
