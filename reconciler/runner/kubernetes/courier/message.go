package courier

import (
	"maps"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// Order is what a pod is told to run.
type Order struct {
	ID          string
	Environment string
	Suite       *tests.Suite
	// Origin of the Suite, which its own JSON leaves out.
	Origin        tests.Origin
	Shard, Shards int
	Matrix, Env   map[string]string
	Inputs        map[string][]byte
	Limits        Limits
}

// Limits of a Run in its pod.
type Limits struct {
	// Timeout of the command, and Grace between asking it to end and killing it.
	Timeout, Grace time.Duration
	// MaxOutput is how many bytes of what is printed are kept in the Result; Log is how many bytes are kept in the log.
	MaxOutput int
	Log       int64
	// Report and Artifact are the largest file in bytes that is kept; Files is how many of each.
	Report, Artifact int64
	Files            int
	// Disk in bytes, that the Run's directory may take.
	Disk uint64
	// Away is how long the pod waits for an Assay that does not answer.
	Away time.Duration
}

// NewOrder describes a Job.
func NewOrder(job runner.Job, limits Limits) Order {
	return Order{
		ID: job.ID, Environment: job.Environment, Suite: job.Suite, Origin: job.Suite.Origin, Shard: job.Shard, Shards: job.Shards,
		Matrix: maps.Clone(job.Matrix), Env: maps.Clone(job.Env), Inputs: maps.Clone(job.Inputs), Limits: limits,
	}
}

// Job is what the Order says, but for its files.
func (o Order) Job() runner.Job {
	suite := *o.Suite
	suite.Origin = o.Origin
	return runner.Job{
		ID: o.ID, Environment: o.Environment, Suite: &suite, Shard: o.Shard, Shards: o.Shards, Matrix: o.Matrix, Env: o.Env, Inputs: o.Inputs,
	}
}

// OutputPart is the name of the Part that holds what the Run prints. The others are named by number.
const OutputPart = "output"

// Kind is what a Part is.
type Kind string

// The kinds of Parts.
const (
	Output   Kind = "output"
	Report   Kind = "report"
	Artifact Kind = "artifact"
)

// Part is one file that a Run left.
type Part struct {
	Name string
	Kind Kind
	// Path and Format are the file's, as runner.File has them.
	Path   string `json:",omitempty"`
	Format string `json:",omitempty"`
	Size   int64
	SHA256 string // in hex
}

// Completion is the last word of a pod: how the Run ended, and all that it left.
type Completion struct {
	End               runner.End
	ExitCode          int
	Reason            string    `json:",omitempty"`
	Started, Finished time.Time // by the clock of the node
	Output            []byte    `json:",omitempty"`
	OutputBytes       int64
	Notes             []string `json:",omitempty"`
	Parts             []Part
}
