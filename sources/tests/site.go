package tests

import "github.com/assay-dev/assay/sources/render"

// Site is a Target without a cluster: a branch and path of a config repository, and a probe that says which revision is live.
type Site struct {
	Meta `json:",inline"`
	Spec SiteSpec `json:"spec"`
	// Origin is where the Site was written.
	Origin Origin `json:"-"`
}

// SiteSpec is what a test author writes about a Site.
type SiteSpec struct {
	Repository SiteRepository `json:"repository"`
	// Path is the folder of the repository that the Site renders.
	Path string `json:"path"`
	// Build says how the folder is built, as a Flux Kustomization's spec would.
	Build render.Settings `json:"build,omitzero"`
	Live  Probe           `json:"live"`
	// Deploy, when given, is run for each new commit that changes what the Site renders.
	Deploy *Deploy `json:"deploy,omitempty"`
}

// SiteRepository is where a Site's configuration lies.
type SiteRepository struct {
	URL string `json:"url"`
	// Branch that the Site follows. Default: the remote's HEAD.
	Branch string `json:"branch,omitempty"`
	// Revision pins the Site to a tag or commit; such a Site is verified, and never reverted.
	Revision string `json:"revision,omitempty"`
}

// Probe asks which revision is live. Exactly one of http, file and command is given; it answers a commit id (7 digits or more), a
// branch, or a Flux revision such as main@sha1:....
type Probe struct {
	HTTP    *HTTPProbe `json:"http,omitempty"`
	File    string     `json:"file,omitempty"`
	Command []string   `json:"command,omitempty"`
	// Interval between two questions. Default 10s.
	Interval Duration `json:"interval,omitzero"`
	// Timeout of one question. Default 10s.
	Timeout Duration `json:"timeout,omitzero"`
}

// HTTPProbe reads the revision from an HTTP answer.
type HTTPProbe struct {
	URL string `json:"url"`
	// JSONPath is where in a JSON body the revision is, in kubectl's notation, such as {.build.revision}. Empty: the body is the revision.
	JSONPath string `json:"jsonPath,omitempty"`
}

// Deploy brings a revision live. It is run with ASSAY_REVISION, ASSAY_SITE and ASSAY_MANIFESTS (a file with what is rendered), and the
// files of the folder that defines the Site; a bad exit is a Failed Sync.
type Deploy struct {
	Command []string `json:"command"`
	Env     []EnvVar `json:"env,omitempty"`
	// Timeout of one deployment. Default 10m.
	Timeout Duration `json:"timeout,omitzero"`
}
