package manifests

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
)

var update = flag.Bool("update", false, "write golden files")

// TestRulesAreThoseListed writes who may do what on one line each, so that a rule cannot come or go unseen.
func TestRulesAreThoseListed(t *testing.T) {
	var lines []string
	for _, o := range build(t, everything).Objects {
		if o.Kind != "ClusterRole" && o.Kind != "Role" {
			continue
		}
		var role rbacv1.ClusterRole
		require.NoError(t, o.Decode(&role))
		for label := range role.Labels {
			if aggregate, found := strings.CutPrefix(label, "assay.dev/aggregate-to-"); found {
				role.Name = "assay-" + aggregate + " < " + role.Name
			}
		}
		if role.Namespace != "" {
			role.Name += " in " + role.Namespace
		}
		for _, rule := range role.Rules {
			for _, group := range rule.APIGroups {
				for _, resource := range rule.Resources {
					what := strings.TrimSuffix(resource+"."+group, ".")
					if len(rule.ResourceNames) > 0 {
						what += " called " + strings.Join(rule.ResourceNames, ", ")
					}
					lines = append(lines, fmt.Sprintf("%s: %s: %s", role.Name, what, strings.Join(rule.Verbs, ", ")))
				}
			}
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	golden := filepath.Join("testdata", "rbac.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), got, "go test ./manifests -update writes what is there now")
}

// TestRightsAreTheLeast holds every rule to what no rule of Assay's may do.
func TestRightsAreTheLeast(t *testing.T) {
	reads, writes := []string{"get", "list", "watch"}, map[string]bool{"assay-events": true, "assay-annotate": true, "assay-services": true}
	for _, o := range build(t, everything).Objects {
		switch o.Kind {
		case "ClusterRole", "Role":
			var role rbacv1.ClusterRole
			require.NoError(t, o.Decode(&role))
			for _, rule := range role.Rules {
				require.Empty(t, rule.NonResourceURLs, role.Name)
				for _, verb := range rule.Verbs {
					require.NotContains(t, []string{"*", "escalate", "bind", "impersonate", "deletecollection"}, verb, role.Name)
					if role.Labels["assay.dev/aggregate-to-targets"] != "" && !writes[role.Name] {
						require.Contains(t, reads, verb, "%s reaches every namespace", role.Name)
					}
				}
				for _, resource := range rule.Resources {
					require.NotContains(t, resource, "*", role.Name)
					switch {
					case resource != "secrets":
					case role.Namespace == "assay-runs", role.Name == "assay-services":
						require.Equal(t, []string{"create"}, rule.Verbs, role.Name)
					case role.Name == "assay-argocd-secrets":
						require.Equal(t, []string{"list"}, rule.Verbs)
						require.Equal(t, "argocd", role.Namespace)
					default:
						require.Equal(t, []string{"get"}, rule.Verbs, role.Name)
						require.NotEmpty(t, rule.ResourceNames, "%s may read any Secret of %s", role.Name, role.Namespace)
					}
				}
			}
		case "ClusterRoleBinding", "RoleBinding":
			var binding rbacv1.ClusterRoleBinding
			require.NoError(t, o.Decode(&binding))
			require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: "assay", Namespace: "assay-system"}}, binding.Subjects,
				"a run has no rights at all")
		case "ServiceAccount":
			var account struct{ AutomountServiceAccountToken *bool }
			require.NoError(t, o.Decode(&account))
			require.False(t, *account.AutomountServiceAccountToken, o.Name)
		}
	}
}
