//go:build e2e

package kubernetes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// testServices has runs that ask the shop beside them for a price: one that is ready in time, and others that never are.
func (c *real) testServices(t *testing.T, r *Runner) {
	c.LoadProgram(t, serveImage, "./testdata/stack/serve")
	c.LoadProgram(t, visitImage, "./testdata/stack/visit")
	visit := func(t *testing.T, id string, change func(*tests.Service)) runner.Result {
		job := jobOf(id, "")
		shop := tests.Service{
			Name: "shop", Image: serveImage, Ports: []int{8080}, Env: []tests.EnvVar{{Name: "PRICE", Value: "7"}},
			Ready: &tests.Ready{HTTP: &tests.HTTPReady{Port: 8080, Path: "/healthz"}}, Timeout: tests.Duration{Duration: 20 * time.Second},
		}
		change(&shop)
		job.Suite.Spec.Image, job.Suite.Spec.Command = visitImage, []string{"/visit", "http://localhost:8080/price"}
		job.Suite.Spec.Services = []tests.Service{shop}
		return attempt(t, r, job)
	}
	soon := tests.Duration{Duration: 3 * time.Second}
	for name, test := range map[string]struct {
		change func(*tests.Service)
		end    runner.End
		code   int
		reason string
		output string
	}{
		"ready":     {change: func(*tests.Service) {}, end: runner.Exited, output: "7\n"},
		"listening": {change: func(s *tests.Service) { s.Ready, s.Env = nil, nil }, end: runner.Exited, code: 1, output: "strconv"},
		"unhealthy": {
			change: func(s *tests.Service) { s.Timeout, s.Env = soon, []tests.EnvVar{{Name: "UNHEALTHY", Value: "true"}} },
			end:    runner.NotStarted, code: -1, reason: "service shop was not ready within 3s",
		},
		"crashing": {
			change: func(s *tests.Service) { s.Timeout, s.Args = soon, []string{"crash"} },
			end:    runner.NotStarted, code: -1, reason: "service shop was not ready within 3s; its container has ended with exit code 1",
		},
		"unpulled": {
			change: func(s *tests.Service) { s.Image = "registry.local/absent:1" },
			end:    runner.NotStarted, code: -1, reason: "registry.local/absent:1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := visit(t, "service-"+name, test.change)
			require.Equal(t, test.end, result.End, result.Reason)
			require.Equal(t, test.code, result.ExitCode)
			require.Contains(t, result.Reason, test.reason)
			require.Contains(t, string(result.Output), test.output)
		})
	}
	c.requireNothingLeft(t)
}
