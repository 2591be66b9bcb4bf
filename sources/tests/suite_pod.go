package tests

// Pod is what a Suite says about the pod that it runs in. Runners without pods pass over it; the operator may forbid parts of it. The pod
// is restricted as Kubernetes' restricted Pod Security Standard has it, whatever is written here: no root, no privileges, no capabilities,
// the runtime's default seccomp profile.
type Pod struct {
	// ServiceAccountName is the account of the pod. Default: default, of the runs' namespace.
	ServiceAccountName string `json:"serviceAccountName,omitempty" jsonschema:"minLength=1"`
	// AutomountServiceAccountToken gives the run the token of its service account, with which it reaches the API server. Default false.
	AutomountServiceAccountToken bool `json:"automountServiceAccountToken,omitempty"`
	// NodeSelector are the labels of the nodes that the pod may run on.
	NodeSelector map[string]string `json:"nodeSelector,omitempty"`
	// Tolerations are the taints of nodes that the pod tolerates.
	Tolerations []Toleration `json:"tolerations,omitempty"`
	// Affinity is passed on as Kubernetes has it.
	Affinity map[string]any `json:"affinity,omitempty"`
	// RuntimeClassName is the container runtime's configuration, such as gvisor or kata.
	RuntimeClassName string `json:"runtimeClassName,omitempty" jsonschema:"minLength=1"`
	// PriorityClassName is the pod's priority.
	PriorityClassName string `json:"priorityClassName,omitempty" jsonschema:"minLength=1"`
	// ImagePullSecrets are secrets of the runs' namespace that the image is pulled with.
	ImagePullSecrets []SecretName `json:"imagePullSecrets,omitempty"`
	// Labels of the pod, besides Assay's own.
	Labels map[string]string `json:"labels,omitempty"`
	// Annotations of the pod, besides Assay's own.
	Annotations map[string]string `json:"annotations,omitempty"`
	// SecurityContext says who the run is.
	SecurityContext PodSecurityContext `json:"securityContext,omitzero"`
}

// SecretName names a secret.
type SecretName struct {
	// Name of the secret.
	Name string `json:"name" jsonschema:"minLength=1"`
}

// Toleration is one taint, or several alike, that a pod tolerates.
type Toleration struct {
	// Key of the taint. Default: every key, with operator Exists.
	Key string `json:"key,omitempty"`
	// Operator compares the value. Default Equal.
	Operator string `json:"operator,omitempty" jsonschema:"enum=Equal,enum=Exists"`
	// Value of the taint, where the operator is Equal.
	Value string `json:"value,omitempty"`
	// Effect of the taint. Default: every effect.
	Effect string `json:"effect,omitempty" jsonschema:"enum=NoSchedule,enum=PreferNoSchedule,enum=NoExecute"`
	// TolerationSeconds is how long a NoExecute taint is tolerated. Default: for ever.
	TolerationSeconds *int `json:"tolerationSeconds,omitempty" jsonschema:"minimum=0,maximum=2147483647"`
}

// PodSecurityContext are user and group ids, and what the run may write.
type PodSecurityContext struct {
	// RunAsUser is the user id of the run; 0 is root, which the operator must allow. Default: 65532.
	RunAsUser *int `json:"runAsUser,omitempty" jsonschema:"minimum=0,maximum=2147483647"`
	// RunAsGroup is the group id of the run. Default: the user id.
	RunAsGroup *int `json:"runAsGroup,omitempty" jsonschema:"minimum=0,maximum=2147483647"`
	// FSGroup is the group that the pod's volumes belong to. Default: the run's group.
	FSGroup *int `json:"fsGroup,omitempty" jsonschema:"minimum=0,maximum=2147483647"`
	// ReadOnlyRootFilesystem forbids to write into the image's own folders. HOME, TMPDIR and the working copy can be written. Default false.
	ReadOnlyRootFilesystem bool `json:"readOnlyRootFilesystem,omitempty"`
}
