//go:build linux || darwin

package process

import (
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// groupLimits are what all processes of a Run may use together. Zero is no limit.
type groupLimits struct {
	Memory   int64 // bytes
	MilliCPU int64 // thousandths of a core
}

// groupLimits are the Suite's, and of memory never more than the operator's.
func (r *Runner) groupLimits(asked tests.ResourceList) (limits groupLimits, err error) {
	if asked.Memory != "" {
		quantity, err := resource.ParseQuantity(asked.Memory)
		if err != nil || quantity.Value() <= 0 {
			return limits, runner.Refuse("resources.limits.memory %q is not an amount of memory such as 256Mi", asked.Memory)
		}
		limits.Memory = quantity.Value()
	}
	if most := r.options.Limits.Memory; most > 0 && (limits.Memory == 0 || limits.Memory > most) {
		limits.Memory = most
	}
	if asked.CPU != "" {
		quantity, err := resource.ParseQuantity(asked.CPU)
		if err != nil || quantity.MilliValue() <= 0 {
			return limits, runner.Refuse("resources.limits.cpu %q is not an amount of cores such as 500m", asked.CPU)
		}
		limits.MilliCPU = quantity.MilliValue()
	}
	return limits, nil
}
