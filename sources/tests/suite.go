package tests

// Suite is one way to test the system: how to run a tool, with which files, and where its reports are.
type Suite struct {
	Meta `json:",inline"`
	// Spec says how the Suite is run.
	Spec SuiteSpec `json:"spec"`
	// Origin is where the Suite was written. The folder of its file is the Suite's folder.
	Origin Origin `json:"-"`
}

// SuiteSpec is what a test author writes about a Suite.
type SuiteSpec struct {
	// Command is the program and its arguments. Exactly one of command, script and resource is given.
	Command []string `json:"command,omitempty" jsonschema:"oneof_required=command,minItems=1,example=go,example=test,example=./..."`
	// Script is run by its own #! line, or by /bin/sh -eu where it has none.
	Script string `json:"script,omitempty" jsonschema:"oneof_required=script,minLength=1,example=./smoke.sh"`
	// Resource is a custom resource that does the testing, in place of a command.
	Resource *Resource `json:"resource,omitempty" jsonschema:"oneof_required=resource"`
	// Services are throw-away dependencies of each Run. Only runs in a cluster have them.
	Services []Service `json:"services,omitempty"`
	// Files are globs (`**` crosses folders), relative to the folder of the file that defines the Suite, that the run
	// gets a private copy of; a folder stands for all below it. Default: everything in that folder, without submodules. They
	// are part of the tests' digest.
	Files []string `json:"files,omitempty" jsonschema:"minItems=1,pattern=^[^/]" must:"be relative to the Suite's folder" path:"glob"`
	// WorkingDirectory is relative to the folder of the file that defines the Suite. Default: that folder.
	WorkingDirectory string `json:"workingDirectory,omitempty" jsonschema:"pattern=^[^/]" must:"be relative to the Suite's folder" path:"folder"`
	// Env is the whole environment of the run, besides PATH, HOME, TMPDIR, LANG, the ASSAY_ variables, and in a container those of its image.
	Env []EnvVar `json:"env,omitempty"`
	// Image is the container image for runners that use one.
	Image string `json:"image,omitempty" jsonschema:"minLength=1"`
	// Resources bound the run, where the runner can.
	Resources Resources `json:"resources,omitzero"`
	// Pod is for runners in a cluster: the pod that the Suite runs in.
	Pod Pod `json:"pod,omitzero"`
	// Timeout ends the whole process tree of a Run. Default 10m.
	Timeout Duration `json:"timeout,omitzero"`
	// Retries is how often a Run that could not start or lost its runner is tried again. It never hides a failed test: that is
	// what a Gate's reruns are for.
	Retries int `json:"retries,omitempty" jsonschema:"minimum=0,maximum=10"`
	// Shards splits the Suite into so many Runs, told apart by ASSAY_SHARD (0-based) and ASSAY_SHARDS. Default 1. Shards times the
	// combinations of the matrix are at most 256.
	Shards int `json:"shards,omitempty" jsonschema:"minimum=1,maximum=256"`
	// Matrix runs the Suite once for each combination of values; each key is an environment variable of the Run.
	Matrix map[string][]string `json:"matrix,omitempty"`
	// Reports say where the tool writes what it found. A Suite without reports is one case, judged by its exit code; that of a resource always
	// has the report that Assay makes of what the resource says.
	Reports []ReportSource `json:"reports,omitempty"`
	// Artifacts are globs of files to keep, relative to the working directory.
	Artifacts []string `json:"artifacts,omitempty" jsonschema:"pattern=^[^/]" must:"be relative to the working directory" path:"glob"`
}

// MaxRuns is how many Runs the shards and the matrix of one Suite may make.
const MaxRuns = 256

// Runs is how many Runs the shards and the matrix make; at least 1.
func (s SuiteSpec) Runs() int {
	runs := max(s.Shards, 1)
	for _, values := range s.Matrix {
		runs *= max(len(values), 1)
		if runs > MaxRuns { // further factors could only overflow
			break
		}
	}
	return runs
}

// ReportSource is one place where a Suite's report is found.
type ReportSource struct {
	// Path is a glob relative to the working directory. Exactly one of path and stdout is given.
	Path string `json:"path,omitempty" jsonschema:"oneof_required=path,pattern=^[^/],example=reports/*.xml" must:"be relative to the working directory" path:"glob"`
	// Stdout, which is true where it is given, says that the tool prints its report.
	Stdout bool `json:"stdout,omitempty" jsonschema:"oneof_required=stdout,enum=true"`
	// Format is the report's format; found by content when empty.
	Format string `json:"format,omitempty" jsonschema:"pattern=^[a-z0-9-]+$,example=junit,example=tap" must:"be a report format's name, such as junit or tap"`
}

// EnvVar is one environment variable: a value, or a reference that only the runner resolves.
type EnvVar struct {
	// Name of the variable. Names that begin with ASSAY_ are Assay's own.
	Name string `json:"name" jsonschema:"pattern=^[A-Za-z_][A-Za-z0-9_]*$" must:"be letters, digits and _, and begin with no digit"`
	// Value of the variable. Default: empty.
	Value string `json:"value,omitempty" excludes:"valueFrom"`
	// ValueFrom is a reference to the value, in place of the value.
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource refers to a secret, by name, so that none is ever in Git.
type EnvVarSource struct {
	// SecretKeyRef is the secret and its key.
	SecretKeyRef SecretKeyRef `json:"secretKeyRef"`
}

// SecretKeyRef names one key of one secret.
type SecretKeyRef struct {
	// Name of the secret.
	Name string `json:"name" jsonschema:"minLength=1"`
	// Key in the secret.
	Key string `json:"key" jsonschema:"minLength=1"`
}

// Resources are Kubernetes quantities, such as "500m" of cpu and "256Mi" of memory.
type Resources struct {
	// Requests are what a Run is promised.
	Requests ResourceList `json:"requests,omitzero"`
	// Limits are what a Run never gets more than.
	Limits ResourceList `json:"limits,omitzero"`
}

// ResourceList is an amount of each resource.
type ResourceList struct {
	// CPU in cores: "2", "0.5" or "500m".
	CPU string `json:"cpu,omitempty" jsonschema:"pattern=^[0-9]+(\\.[0-9]+)?m?$,example=500m" must:"be an amount of cores such as \"2\", \"0.5\" or \"500m\""`
	// Memory in bytes: "256Mi" or "1G".
	Memory string `json:"memory,omitempty" jsonschema:"pattern=^[0-9]+(\\.[0-9]+)?([kMGTP]|[KMGTP]i)?$,example=256Mi" must:"be an amount of bytes such as \"256Mi\" or \"1G\""`
}
