package tests

// Gate says when which Suites must hold, and what happens when they do not.
type Gate struct {
	Meta `json:",inline"`
	// Spec says what the Gate watches and what must hold.
	Spec GateSpec `json:"spec"`
	// Origin is where the Gate was written.
	Origin Origin `json:"-"`
}

// GateSpec is what a test author writes about a Gate.
type GateSpec struct {
	// After are the Targets whose Syncs are verified. A revert undoes what one of these, or of exercises, renders.
	After []TargetSelector `json:"after" jsonschema:"minItems=1"`
	// Exercises are other Targets that the Suites go through. Their state is part of what is verified, their Syncs are no occasion.
	Exercises []TargetSelector `json:"exercises,omitempty"`
	// Suites must hold. Each selector must match at least one.
	Suites []SuiteSelector `json:"suites" jsonschema:"minItems=1"`
	// Control are Suites that touch nothing that the Gate's Targets render: whether the cluster, the network or the test bed itself is well.
	// They run only when the Gate has failed; where they keep failing too, the environment is at fault and no commit is blamed. Without any,
	// up to three other Gates that share no change with this one are verified then, to see whether they fail as well, and no revert is merged
	// by itself unless a Site could be bisected: something that only this Gate needs may be down.
	Control []SuiteSelector `json:"control,omitempty" jsonschema:"minItems=1"`
	// Order is Parallel (default) or Ordered: one after the other, stopping at the first that does not hold.
	Order Order `json:"order,omitempty" jsonschema:"enum=Parallel,enum=Ordered"`
	// Deadline is how long a Sync may take to become healthy before it counts as Failed. Default 10m.
	Deadline Duration `json:"deadline,omitzero"`
	// Pass are CEL conditions that must all be true. Default: every Suite passed.
	Pass []Condition `json:"pass,omitempty"`
	// Reruns tell a flake from a failure.
	Reruns Reruns `json:"reruns,omitzero"`
	// Flakes is what a flake does to the Verdict: Pass (default) or Fail.
	Flakes FlakePolicy `json:"flakes,omitempty" jsonschema:"enum=Pass,enum=Fail"`
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

// TargetSelector matches Targets. Every field that is given must match, and at least one is given; name, namespace and cluster take
// the wildcards * ? and [...]. With kind Site and a name without wildcards it names a Site, also as the Site's own file writes its name.
type TargetSelector struct {
	// Kind of the Target: Site, Kustomization, HelmRelease or Application.
	Kind string `json:"kind,omitempty" jsonschema:"anyof_required=kind,minLength=1,example=Site,example=Kustomization,example=HelmRelease,example=Application"`
	// Name of the Target.
	Name string `json:"name,omitempty" jsonschema:"anyof_required=name,minLength=1"`
	// Namespace of the Target. A Site has none.
	Namespace string `json:"namespace,omitempty" jsonschema:"anyof_required=namespace,minLength=1"`
	// Cluster that the Target is in, by the operator's name for it. A Site has none.
	Cluster string `json:"cluster,omitempty" jsonschema:"anyof_required=cluster,minLength=1"`
	// Labels must all be on the Target.
	Labels map[string]string `json:"labels,omitempty" jsonschema:"anyof_required=labels"`
}

// SuiteSelector matches Suites by name or by labels. Exactly one of the two is given.
type SuiteSelector struct {
	// Name is one Suite's; namePrefix and nameSuffix of overlays change it together with the Suite's.
	Name string `json:"name,omitempty" jsonschema:"oneof_required=name,minLength=1"`
	// MatchLabels must all be on the Suite.
	MatchLabels map[string]string `json:"matchLabels,omitempty" jsonschema:"oneof_required=matchLabels,minProperties=1"`
}

// Condition is one CEL expression that must be true for the Gate to pass.
type Condition struct {
	// Name is what people read when it does not hold. Default: the expression.
	Name string `json:"name,omitempty" jsonschema:"minLength=1"`
	// Expr sees suites, results, metrics and baseline.
	Expr string `json:"expr" jsonschema:"minLength=1"`
}

// Reruns bound how often what failed is run again on the same state.
type Reruns struct {
	// Min is the least number of reruns, whatever is computed from the case's flake rate. Default 2.
	Min *int `json:"min,omitempty" jsonschema:"minimum=0,maximum=100"`
	// Max is the most reruns. Default 10, or min where that is more.
	Max *int `json:"max,omitempty" jsonschema:"minimum=0,maximum=100"`
	// Spread is the least time between the first failure and the last rerun: reruns that are close together may all meet the same hiccup.
	// Default 2m.
	Spread Duration `json:"spread,omitzero"`
	// Confidence is how sure Assay must be that a case that keeps failing is no flake: between 0 and 1, both excluded. Default 0.99999, which
	// is 7 reruns of a case that nothing is known of, and 4 of one that was seen to pass 50 times.
	Confidence float64 `json:"confidence,omitempty" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
}

// Rollback says how far Assay may go.
type Rollback struct {
	// Mode is shadow, propose (default), merge or commit. The last two need control Suites, or Sites that may be bisected.
	Mode Mode `json:"mode,omitempty" jsonschema:"enum=shadow,enum=propose,enum=merge,enum=commit"`
	// OtherTargets allows a revert that also changes Targets which the Gate does not name.
	OtherTargets bool `json:"otherTargets,omitempty"`
}

// Protect names what no revert may touch.
type Protect struct {
	// Paths are globs (`**` crosses folders) of paths in the config repository.
	Paths []string `json:"paths,omitempty" jsonschema:"pattern=^[^/],example=clusters/prod/**" must:"be relative to the root of the config repository" path:"glob"`
	// Kinds of rendered objects, such as PersistentVolumeClaim.
	Kinds []string `json:"kinds,omitempty" jsonschema:"pattern=^[A-Z][A-Za-z0-9]*$,example=PersistentVolumeClaim" must:"be a kind, such as PersistentVolumeClaim"`
}
