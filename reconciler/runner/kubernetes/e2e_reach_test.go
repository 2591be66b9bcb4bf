//go:build e2e

package kubernetes

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/reconciler/runner"
)

// reader is an account that was made for a Suite which reads Secrets of another namespace, as Assay's are.
const reader = `
apiVersion: v1
kind: Secret
metadata: {name: assay-gitea, namespace: default}
stringData: {password: correct-horse-battery}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: reader, namespace: runs}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: default}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: runs}]
`

// testReach has runs ask the API server for a Secret of Assay's: without a token, with the token of an account that may not,
// with one of an account that may, and where the NetworkPolicies of manifests/ hold. The cluster enforces none: a rule in the
// node's network stands for them.
func (c *real) testReach(t *testing.T, r *Runner) {
	c.Apply(t, reader)
	type run struct {
		account string
		token   bool
		answer  string
	}
	ask := func(t *testing.T, policies string, runs map[string]run) {
		t.Run(policies, func(t *testing.T) {
			for name, is := range runs {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					job := choreJob(policies+"-"+name, "account", "ask=/api/v1/namespaces/default/secrets/assay-gitea")
					job.Suite.Spec.Pod.ServiceAccountName, job.Suite.Spec.Pod.AutomountServiceAccountToken = is.account, is.token
					result := attempt(t, r, job)
					require.Equal(t, runner.Exited, result.End, result.Reason)
					require.Equal(t, fmt.Sprintf("account token: %t\nthe API server%s\n", is.token, is.answer), string(result.Output))
				})
			}
		})
	}
	ask(t, "open", map[string]run{
		"as-usual":       {answer: ": 403 Forbidden"},
		"without-token":  {account: "reader", answer: ": 403 Forbidden"},
		"default-token":  {token: true, answer: ": 403 Forbidden"},
		"reader-allowed": {account: "reader", token: true, answer: ": 200 OK"},
	})

	server, err := url.Parse(c.Config().Host)
	require.NoError(t, err)
	rule := []string{"FORWARD", "--destination", server.Hostname(), "--jump", "REJECT"}
	c.InNode(t, append([]string{"iptables", "--append"}, rule...)...)
	defer c.InNode(t, append([]string{"iptables", "--delete"}, rule...)...)
	ask(t, "cut", map[string]run{
		"as-usual":     {answer: " is out of reach"},
		"reader-alike": {account: "reader", token: true, answer: " is out of reach"},
	})
}
