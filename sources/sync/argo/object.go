package argo

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/assay-dev/assay/sources/render"
)

// object is what is read of an Application (argoproj.io/v1alpha1).
type object struct {
	Spec struct {
		Source         *source   `json:"source,omitempty"`
		Sources        []source  `json:"sources,omitempty"`
		SourceHydrator *hydrator `json:"sourceHydrator,omitempty"`
		Destination    struct {
			Server    string `json:"server,omitempty"`
			Name      string `json:"name,omitempty"`
			Namespace string `json:"namespace,omitempty"`
		} `json:"destination"`
		SyncPolicy *struct {
			Automated *struct {
				Enabled *bool `json:"enabled,omitempty"`
			} `json:"automated,omitempty"`
		} `json:"syncPolicy,omitempty"`
	} `json:"spec"`
	Operation *operation `json:"operation,omitempty"`
	Status    struct {
		Resources []resource `json:"resources,omitempty"`
		Sync      struct {
			Status     string   `json:"status,omitempty"`
			Revision   string   `json:"revision,omitempty"`
			Revisions  []string `json:"revisions,omitempty"`
			ComparedTo compared `json:"comparedTo,omitempty"`
		} `json:"sync"`
		Health struct {
			Status string `json:"status,omitempty"`
		} `json:"health"`
		History             []deployed      `json:"history,omitempty"`
		Conditions          []condition     `json:"conditions,omitempty"`
		ReconciledAt        *metav1.Time    `json:"reconciledAt,omitempty"`
		OperationState      *operationState `json:"operationState,omitempty"`
		ControllerNamespace string          `json:"controllerNamespace,omitempty"`

		SourceHydrator struct {
			LastSuccessfulOperation *hydration `json:"lastSuccessfulOperation,omitempty"`
			CurrentOperation        *hydration `json:"currentOperation,omitempty"`
		} `json:"sourceHydrator"`
	} `json:"status"`
}

// source is one of an Application's sources.
type source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path,omitempty"`
	TargetRevision string `json:"targetRevision,omitempty"`
	Chart          string `json:"chart,omitempty"`
	Ref            string `json:"ref,omitempty"`

	render.ApplicationSource `json:",inline"`
}

// hydrator is spec.sourceHydrator.
type hydrator struct {
	DrySource struct {
		RepoURL        string `json:"repoURL"`
		TargetRevision string `json:"targetRevision"`
		Path           string `json:"path"`
	} `json:"drySource"`
	SyncSource struct {
		TargetBranch string `json:"targetBranch"`
		Path         string `json:"path"`
	} `json:"syncSource"`
}

// dry is where a hydrator reads from.
func (h *hydrator) dry() source {
	return source{RepoURL: h.DrySource.RepoURL, Path: h.DrySource.Path, TargetRevision: h.DrySource.TargetRevision}
}

// hydrated is where a hydrator writes to, which is what is synced.
func (h *hydrator) hydrated() source {
	return source{RepoURL: h.DrySource.RepoURL, Path: h.SyncSource.Path, TargetRevision: h.SyncSource.TargetBranch}
}

// hydration is one run of a hydrator.
type hydration struct {
	Phase       string `json:"phase,omitempty"`
	Message     string `json:"message,omitempty"`
	DrySHA      string `json:"drySHA,omitempty"`
	HydratedSHA string `json:"hydratedSHA,omitempty"`
}

// compared is what Argo CD compared the cluster to.
type compared struct {
	Source  source   `json:"source,omitempty"`
	Sources []source `json:"sources,omitempty"`
}

// deployed is an entry of status.history.
type deployed struct {
	ID        int64    `json:"id"`
	Revision  string   `json:"revision,omitempty"`
	Revisions []string `json:"revisions,omitempty"`
	Source    source   `json:"source,omitempty"`
	Sources   []source `json:"sources,omitempty"`
}

type condition struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// resource is an object that an Application manages, or the result of its sync.
type resource struct {
	Group     string `json:"group,omitempty"`
	Version   string `json:"version,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name,omitempty"`
	Status    any    `json:"status,omitempty"`
	Message   string `json:"message,omitempty"`
	HookType  string `json:"hookType,omitempty"`
	HookPhase string `json:"hookPhase,omitempty"`
	Hook      bool   `json:"hook,omitempty"`
}

// operation is what Argo CD was asked to do.
type operation struct {
	Sync *struct {
		Revision  string   `json:"revision,omitempty"`
		Revisions []string `json:"revisions,omitempty"`
		DryRun    bool     `json:"dryRun,omitempty"`
		Resources []any    `json:"resources,omitempty"`
		Source    *source  `json:"source,omitempty"`
		Sources   []source `json:"sources,omitempty"`
	} `json:"sync,omitempty"`
}

// operationState is how that went.
type operationState struct {
	Operation  operation    `json:"operation"`
	Phase      string       `json:"phase"`
	Message    string       `json:"message,omitempty"`
	StartedAt  metav1.Time  `json:"startedAt"`
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	RetryCount int64        `json:"retryCount,omitempty"`
	SyncResult *struct {
		Resources []resource `json:"resources,omitempty"`
		Revision  string     `json:"revision"`
		Revisions []string   `json:"revisions,omitempty"`
		Source    source     `json:"source,omitempty"`
		Sources   []source   `json:"sources,omitempty"`
	} `json:"syncResult,omitempty"`
}
