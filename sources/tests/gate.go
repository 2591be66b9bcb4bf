package tests

// Gate says when which Suites must hold, and what happens when they do not.
type Gate struct {
	Meta `json:",inline"`
	Spec GateSpec `json:"spec"`
	// Origin is where the Gate was written.
	Origin Origin `json:"-"`
}

// GateSpec is what a test author writes about a Gate.
type GateSpec struct {
	// After are the Targets whose Syncs are verified. A revert undoes what one of these, or of exercises, renders.
	After []TargetSelector `json:"after"`
	// Exercises are other Targets that the Suites go through. Their state is part of what is verified, their Syncs are no occasion.
	Exercises []TargetSelector `json:"exercises,omitempty"`
	// Suites must hold. At least one must match.
	Suites []SuiteSelector `json:"suites"`
	// Order is Parallel (default) or Ordered: one after the other, stopping at the first that does not hold.
	Order Order `json:"order,omitempty"`
	// Deadline is how long a Sync may take to become healthy before it counts as Failed. Default 10m.
	Deadline Duration `json:"deadline,omitzero"`
	// Pass are CEL conditions that must all be true. Default: every Suite passed.
	Pass []Condition `json:"pass,omitempty"`
	// Reruns tell a flake from a failure.
	Reruns Reruns `json:"reruns,omitzero"`
	// Flakes is what a flake does to the Verdict: Pass (default) or Fail.
	Flakes FlakePolicy `json:"flakes,omitempty"`
	// Every is how long a Verdict is good for before the Gate is verified again. Default 12h.
	Every Duration `json:"every,omitzero"`
	// BaselineMaxAge is how old the last pass that ran may be to blame a commit by it. Default 24h.
	BaselineMaxAge Duration `json:"baselineMaxAge,omitzero"`
	// Rollback is how far Assay may go; the operator's cap may be stricter.
	Rollback Rollback `json:"rollback,omitzero"`
	// Protect is what no revert of Assay's may touch.
	Protect Protect `json:"protect,omitzero"`
	// Notes are for the person who is woken: they stand in the pull request.
	Notes string `json:"notes,omitempty"`
}

// TargetSelector matches Targets. Every field that is given must match; name, namespace and cluster take wildcards.
type TargetSelector struct {
	Kind      string            `json:"kind,omitempty"`
	Name      string            `json:"name,omitempty"`
	Namespace string            `json:"namespace,omitempty"`
	Cluster   string            `json:"cluster,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
}

// SuiteSelector matches Suites by name or by labels.
type SuiteSelector struct {
	// Name is one Suite's; namePrefix and nameSuffix of overlays change it together with the Suite's.
	Name string `json:"name,omitempty"`
	// MatchLabels must all be on the Suite.
	MatchLabels map[string]string `json:"matchLabels,omitempty"`
}

// Condition is one CEL expression that must be true for the Gate to pass.
type Condition struct {
	// Name is what people read when it does not hold. Default: the expression.
	Name string `json:"name,omitempty"`
	// Expr sees suites, results, metrics and baseline.
	Expr string `json:"expr"`
}

// Reruns bound how often what failed is run again on the same state.
type Reruns struct {
	// Min and Max bound the number computed from the case's flake rate. Defaults 2 and 10.
	Min *int `json:"min,omitempty"`
	Max *int `json:"max,omitempty"`
	// Confidence is how sure Assay must be that a case that keeps failing is no flake. Default 0.99.
	Confidence float64 `json:"confidence,omitempty"`
}

// Rollback says how far Assay may go.
type Rollback struct {
	// Mode is shadow, propose (default), merge or commit.
	Mode Mode `json:"mode,omitempty"`
	// OtherTargets allows a revert that also changes Targets which the Gate does not name.
	OtherTargets bool `json:"otherTargets,omitempty"`
}

// Protect names what no revert may touch: globs of paths in the config repository, and kinds of rendered objects.
type Protect struct {
	Paths []string `json:"paths,omitempty"`
	Kinds []string `json:"kinds,omitempty"`
}
