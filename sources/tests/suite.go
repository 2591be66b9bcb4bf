package tests

// Suite is one way to test the system: how to run a tool, with which files, and where its reports are.
type Suite struct {
	Meta `json:",inline"`
	Spec SuiteSpec `json:"spec"`
	// Origin is where the Suite was written.
	Origin Origin `json:"-"`
}

// SuiteSpec is what a test author writes about a Suite.
type SuiteSpec struct {
	// Command is the program and its arguments. Exactly one of command and script is given.
	Command []string `json:"command,omitempty"`
	// Script is run by its own #! line, or by /bin/sh -eu where it has none.
	Script string `json:"script,omitempty"`
	// Files are globs (`**` crosses folders), relative to the folder of the file that defines the Suite, that the run
	// gets a private copy of. Default: everything in that folder. They are part of the tests' digest.
	Files []string `json:"files,omitempty"`
	// WorkingDirectory is relative to the folder of the file that defines the Suite. Default: that folder.
	WorkingDirectory string `json:"workingDirectory,omitempty"`
	// Env is the whole environment of the run, besides PATH, HOME, TMPDIR, LANG and the ASSAY_ variables.
	Env []EnvVar `json:"env,omitempty"`
	// Image is the container image for runners that use one.
	Image string `json:"image,omitempty"`
	// Resources bound the run, where the runner can.
	Resources Resources `json:"resources,omitzero"`
	// Timeout ends the whole process tree of a Run. Default 10m.
	Timeout Duration `json:"timeout,omitzero"`
	// Retries is how often a Run that could not start or lost its runner is tried again. It never hides a failed test: that is what a Gate's reruns are for.
	Retries int `json:"retries,omitempty"`
	// Shards splits the Suite into so many Runs, told apart by ASSAY_SHARD (0-based) and ASSAY_SHARDS. Default 1.
	Shards int `json:"shards,omitempty"`
	// Matrix runs the Suite once for each combination of values; each key is an environment variable of the Run.
	Matrix map[string][]string `json:"matrix,omitempty"`
	// Reports say where the tool writes what it found. A Suite without reports is one case, judged by its exit code.
	Reports []ReportSource `json:"reports,omitempty"`
	// Artifacts are globs of files to keep, relative to the working directory.
	Artifacts []string `json:"artifacts,omitempty"`
}

// ReportSource is one place where a Suite's report is found.
type ReportSource struct {
	// Path is a glob relative to the working directory. Exactly one of path and stdout is given.
	Path string `json:"path,omitempty"`
	// Stdout says that the tool prints its report.
	Stdout bool `json:"stdout,omitempty"`
	// Format is the report's format; found by content when empty.
	Format string `json:"format,omitempty"`
}

// EnvVar is one environment variable: a value, or a reference that only the runner resolves.
type EnvVar struct {
	Name      string        `json:"name"`
	Value     string        `json:"value,omitempty"`
	ValueFrom *EnvVarSource `json:"valueFrom,omitempty"`
}

// EnvVarSource refers to a secret, by name, so that none is ever in Git.
type EnvVarSource struct {
	SecretKeyRef SecretKeyRef `json:"secretKeyRef"`
}

// SecretKeyRef names one key of one secret.
type SecretKeyRef struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Resources are Kubernetes quantities, such as "500m" of cpu and "256Mi" of memory.
type Resources struct {
	Requests ResourceList `json:"requests,omitzero"`
	Limits   ResourceList `json:"limits,omitzero"`
}

// ResourceList is an amount of each resource.
type ResourceList struct {
	CPU    string `json:"cpu,omitempty"`
	Memory string `json:"memory,omitempty"`
}
