package rollout

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// canary is what is kept of Flagger's own kind.
type canary struct {
	metav1.ObjectMeta
	says   Result
	target string    // the workload that it brings out
	moved  time.Time // when its phase last changed
}

// IndexKeys has canaries found by their targets.
func (c *canary) IndexKeys() []string { return []string{c.target} }

// canaryOf judges a canary by its phase. Whether the phase is about the newest version is for Checker.flagger to say.
func canaryOf(u *unstructured.Unstructured) *canary {
	c := &canary{ObjectMeta: slim(u)}
	kind, _, _ := unstructured.NestedString(u.Object, "spec", "targetRef", "kind")
	name, _, _ := unstructured.NestedString(u.Object, "spec", "targetRef", "name")
	c.target = belongsTo(schema.GroupKind{Kind: kind}, u.GetNamespace(), name)
	moved, _, _ := unstructured.NestedString(u.Object, "status", "lastTransitionTime")
	c.moved, _ = time.Parse(time.RFC3339, moved) // zero where it never moved
	message := ""
	for _, condition := range objects(u, "status", "conditions") {
		message, _ = condition["message"].(string)
	}
	switch phase, _, _ := unstructured.NestedString(u.Object, "status", "phase"); phase {
	case "Initialized", "Succeeded":
		c.says = Result{State: Done}
	case "Failed":
		c.says = Result{RolledBack, told("Flagger went back to the version before", message)}
	case "Waiting", "WaitingPromotion", "WaitingFinalising":
		c.says = held("%s", told("Flagger waits for approval ("+phase+")", message))
	case "":
		c.says = waiting("Flagger has not looked at canary %s yet", c.Name)
	default:
		c.says = waiting("%s", told("Flagger is at it ("+phase+")", message))
	}
	return c
}

// noticed is how long after a template was written Flagger has seen it for sure: three of its rounds, which are 10 s long by default.
const noticed = 30 * time.Second

// byFlagger judges a workload that a canary of Flagger's brings out. It serves from a copy, the primary, and it is scaled to nothing
// itself. Which template a phase is about is not told, except by time: Flagger leaves it as it is for a template that it has promoted
// before, so a phase older than the template is about this one only if the primary does not run the same images.
func (c *Checker) byFlagger(ref Ref, w *workload, result Result) (Result, error) {
	following, err := ready(c.canaries())
	if err != nil {
		return Result{}, err
	}
	found := following.With(belongsTo(ref.groupKind(), ref.Namespace, ref.Name))
	if len(found) == 0 {
		return result, nil
	}
	canary, primary := found[0], ref
	primary.Name += "-primary"
	kind, err := ready(c.kind(ref.groupKind(), resources[ref.groupKind()]))
	if err != nil {
		return Result{}, err
	}
	serving, there := kind.Get(primary.key())
	switch {
	case canary.says.State == Waiting || canary.says.State == Held:
		return canary.says, nil
	case !there:
		return waiting("Flagger has not made %s yet", primary), nil
	case w.templated.After(canary.moved):
		if left := noticed - c.clock.Since(w.templated); left > 0 {
			c.clock.AfterFunc(left, c.signal)
			return waiting("Flagger has not looked at its newest version yet"), nil
		}
		if serving.images != w.images {
			return canary.says.worse(waiting("Flagger has not brought out its newest version")), nil
		}
	case canary.says.State != Done:
		return canary.says, nil
	}
	served, err := c.byPods(primary, serving)
	return served.of(primary), err
}
