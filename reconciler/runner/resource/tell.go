package resource

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// teller writes what an object says about itself, whenever that has changed.
type teller struct {
	to   io.Writer
	last string
}

func (t *teller) tell(object *unstructured.Unstructured) {
	if state := stateOf(object.Object); state != t.last {
		fmt.Fprintln(t.to, state)
		t.last = state
	}
}

// stateOf is one line: the phase or the like, and the conditions.
func stateOf(object map[string]any) string {
	var parts []string
	for _, field := range []string{"phase", "stage", "state", "engineStatus"} {
		if text, _, _ := unstructured.NestedString(object, "status", field); text != "" {
			parts = append(parts, field+" "+text)
		}
	}
	conditions, _, _ := unstructured.NestedSlice(object, "status", "conditions")
	var told []string
	for _, item := range conditions {
		condition, _ := item.(map[string]any)
		text := func(name string) string {
			value, _ := condition[name].(string)
			return strings.TrimSpace(value)
		}
		line := text("type") + "=" + text("status")
		if reason := text("reason"); reason != "" {
			line += " (" + reason + ")"
		}
		if message := text("message"); message != "" {
			line += " " + message
		}
		told = append(told, line)
	}
	slices.Sort(told)
	return strings.Join(append(parts, told...), ", ")
}
