package pod

import (
	"context"
	"fmt"
	"os"

	"github.com/assay-dev/assay/sources/tests"
)

// environment finds secrets where Kubernetes puts them: each in the variable of the Suite that asks for it.
type environment struct{ declared []tests.EnvVar }

func (e environment) Secret(_ context.Context, _ string, ref tests.SecretKeyRef) ([]byte, error) {
	for _, v := range e.declared {
		if v.ValueFrom == nil || v.ValueFrom.SecretKeyRef != ref {
			continue
		}
		if value, ok := os.LookupEnv(v.Name); ok {
			return []byte(value), nil
		}
	}
	return nil, fmt.Errorf("secret %s, key %s: it is not in the pod's environment", ref.Name, ref.Key)
}

// Paths are none: what is in an environment lies nowhere.
func (environment) Paths() []string { return nil }
