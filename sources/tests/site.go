package tests

// Site is a Target without a cluster: a branch and path of a config repository, and a probe that says which revision is live.
type Site struct {
	Meta `json:",inline"`
	// Spec says where the Site's configuration is, and how to ask what is live.
	Spec SiteSpec `json:"spec"`
	// Origin is where the Site was written. The folder of its file is the Site's folder.
	Origin Origin `json:"-"`
}

// SiteSpec is what a test author writes about a Site.
type SiteSpec struct {
	// Repository is where the Site's configuration lies.
	Repository SiteRepository `json:"repository"`
	// Path is the folder of the repository that the Site renders.
	Path string `json:"path" jsonschema:"pattern=^[^/],example=deploy/overlays/staging" must:"be relative to the root of the config repository" path:"folder"`
	// Build says how the folder is built, as a Flux Kustomization's spec would.
	Build Build `json:"build,omitzero"`
	// Live asks which revision is live.
	Live Probe `json:"live"`
	// Deploy, when given, is run for each new commit that changes what the Site renders.
	Deploy *Deploy `json:"deploy,omitempty"`
}

// SiteRepository is where a Site's configuration lies.
type SiteRepository struct {
	// URL of the repository: https://, ssh://, git@host:path, file:// or a path on this machine. It holds no
	// credentials; those are the operator's.
	URL string `json:"url" jsonschema:"minLength=1"`
	// Branch that the Site follows. Default: the remote's HEAD.
	Branch string `json:"branch,omitempty" jsonschema:"minLength=1" excludes:"revision"`
	// Revision pins the Site to a tag or commit, in place of a branch; such a Site is verified, and never reverted.
	Revision string `json:"revision,omitempty" jsonschema:"minLength=1"`
}

// Probe asks which revision is live. Exactly one of http, file and command is given; it answers a commit id (7 digits or more), a
// branch, or a Flux revision such as main@sha1:....
type Probe struct {
	// HTTP asks a web server.
	HTTP *HTTPProbe `json:"http,omitempty" jsonschema:"oneof_required=http"`
	// File holds the revision.
	File string `json:"file,omitempty" jsonschema:"oneof_required=file,minLength=1"`
	// Command is a program and its arguments; it prints the revision.
	Command []string `json:"command,omitempty" jsonschema:"oneof_required=command,minItems=1"`
	// Interval between two questions. Default 10s.
	Interval Duration `json:"interval,omitzero"`
	// Timeout of one question. Default 10s.
	Timeout Duration `json:"timeout,omitzero"`
}

// HTTPProbe reads the revision from an HTTP answer.
type HTTPProbe struct {
	// URL to GET.
	URL string `json:"url" jsonschema:"pattern=^https?://.+" must:"begin with http:// or https://"`
	// JSONPath is where in a JSON body the revision is, in kubectl's notation, such as {.build.revision}. Empty: the body is the revision.
	JSONPath string `json:"jsonPath,omitempty" jsonschema:"pattern=^\\{.+\\}$,example={.build.revision}" must:"be in braces, such as {.build.revision}"`
}

// Deploy brings a revision live. It is run with ASSAY_REVISION, ASSAY_SITE and ASSAY_MANIFESTS (a file with what is rendered), and the
// files of the folder that defines the Site; a bad exit is a Failed Sync.
type Deploy struct {
	// Command is the program and its arguments.
	Command []string `json:"command" jsonschema:"minItems=1"`
	// Env is the whole environment of the command, besides PATH, HOME, TMPDIR, LANG and the ASSAY_ variables.
	Env []EnvVar `json:"env,omitempty"`
	// Timeout of one deployment. Default 10m.
	Timeout Duration `json:"timeout,omitzero"`
	// Bisect lets Assay deploy earlier commits for a while, to find out which of several broke a Gate, and whether the one that passed last
	// still does. It is meant for Sites that nobody depends on, such as a copy that the command makes for the purpose.
	Bisect bool `json:"bisect,omitempty"`
}
