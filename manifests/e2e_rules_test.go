//go:build e2e

package manifests

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealRulesAreNeeded takes away one right after the other, and hears what Assay says without it. A right that it does not miss is not
// shipped. Those of components/services and components/resources are left out: the rooms services and resource run with them alone.
func TestRealRulesAreNeeded(t *testing.T) {
	a := newAccount(t)
	needs, all := a.needs(), a.rights(t)
	for _, r := range all {
		t.Run(r.String(), func(t *testing.T) {
			need, known := needs[r.String()]
			require.True(t, known, "nothing here needs it: remove the rule, or show what does")
			delete(needs, r.String())
			for _, asked := range r.questions() {
				require.Eventually(t, func() bool { return may(t, a.client, asked) }, time.Minute, 20*time.Millisecond, "%+v", asked)
			}
			require.NoError(t, need.do(t), "with the right")
			a.without(t, r, all, func() {
				require.ErrorContains(t, need.do(t), need.says, "without the right")
			})
		})
	}
	require.Empty(t, needs, "all of it is a right")
}

// elsewhere tells roles that are proven where what they are for is.
func elsewhere(role string) bool {
	return strings.HasPrefix(role, "assay-resources-") || role == "assay-services"
}

// account is Assay's, with the rights that all components give it, on a real API server.
type account struct {
	*stack.Cluster
	admin, client *kubernetes.Clientset
}

func newAccount(t *testing.T) *account {
	c := stack.StartCluster(t, stack.Options{Controllers: true})
	c.InstallFluxCRDs(t)
	c.InstallArgoCRDs(t)
	c.Apply(t, `{apiVersion: v1, kind: Namespace, metadata: {name: argocd}}`)
	c.Apply(t, `{apiVersion: v1, kind: Namespace, metadata: {name: flux-system}}`)
	for _, kind := range []string{"Namespace", "ServiceAccount", "ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"} {
		for _, u := range objects(t, everything) {
			if u.GetKind() == kind && !elsewhere(u.GetName()) {
				text, err := u.MarshalJSON()
				require.NoError(t, err)
				c.Apply(t, string(text))
			}
		}
	}
	c.Apply(t, standIns())
	c.Apply(t, whatAssayReads)
	a := &account{
		Cluster: c, admin: kubernetes.NewForConfigOrDie(c.Config()), client: kubernetes.NewForConfigOrDie(c.ConfigFor(t, "assay-system", "assay")),
	}
	a.syncShop(t)
	ended := []byte(`{"status": {"phase": "Succeeded"}}`) // no kubelet says so
	_, err := a.admin.CoreV1().Pods("flux-system").Patch(t.Context(), "idle", types.MergePatchType, ended, metav1.PatchOptions{}, "status")
	require.NoError(t, err)
	return a
}

// right is one thing that a role allows. To list and to watch are one: with which of them an informer begins is up
// to the API server's version.
type right struct {
	role *rbacv1.ClusterRole // or a Role
	rbacv1.PolicyRule
}

// rights of the roles that are shipped.
func (a *account) rights(t *testing.T) (all []right) {
	for _, o := range build(t, everything).Objects {
		if o.Kind != "ClusterRole" && o.Kind != "Role" || elsewhere(o.Name) {
			continue
		}
		role := &rbacv1.ClusterRole{}
		require.NoError(t, o.Decode(role))
		for _, rule := range role.Rules {
			for _, part := range apart(rule) {
				all = append(all, right{role, part})
			}
		}
	}
	require.NotEmpty(t, all)
	return all
}

// apart are the rights that a rule comes to.
func apart(rule rbacv1.PolicyRule) (all []rbacv1.PolicyRule) {
	var verbs, follow []string
	for _, verb := range rule.Verbs {
		if verb == "list" || verb == "watch" {
			follow = append(follow, verb)
		} else {
			verbs = append(verbs, verb)
		}
	}
	for _, resource := range rule.Resources {
		for _, names := range append(each(rule.ResourceNames), make([][]string, 1-min(1, len(rule.ResourceNames)))...) {
			for _, verbs := range append(each(verbs), make([][]string, min(1, len(follow)))...) {
				if verbs == nil {
					verbs = follow
				}
				all = append(all, rbacv1.PolicyRule{APIGroups: rule.APIGroups, Resources: []string{resource}, ResourceNames: names, Verbs: verbs})
			}
		}
	}
	return all
}

func each(words []string) (all [][]string) {
	for _, word := range words {
		all = append(all, []string{word})
	}
	return all
}

// what it allows.
func (r right) what() string {
	what := strings.TrimSuffix(r.Resources[0]+"."+r.APIGroups[0], ".")
	return strings.Join(append([]string{strings.Join(r.Verbs, ", "), what}, r.ResourceNames...), " ")
}

// String is how the needs name it.
func (r right) String() string { return r.role.Name + ": " + r.what() }

func (r right) questions() []authorizationv1.ResourceAttributes {
	return questions(r.PolicyRule, r.role.Namespace)
}

// without takes a right away for a while, of all that there are. What a role allows in one namespace another may allow in all of them,
// where Assay is not confined to some: that one goes with it.
func (a *account) without(t *testing.T, r right, all []right, do func()) {
	t.Helper()
	taken := func(other right) bool {
		if other.role == r.role {
			return other.what() == r.what()
		}
		return other.role.Namespace == "" && strings.HasPrefix(r.what()+" ", other.what()+" ")
	}
	for _, one := range all {
		if !taken(one) {
			continue
		}
		var left []rbacv1.PolicyRule
		for _, other := range all {
			if other.role == one.role && !taken(other) {
				left = append(left, other.PolicyRule)
			}
		}
		a.replace(t, one.role, left)
		defer a.replace(t, one.role, one.role.Rules)
	}
	for _, asked := range r.questions() {
		require.Eventually(t, func() bool { return !may(t, a.client, asked) }, time.Minute, 20*time.Millisecond, "%+v", asked)
	}
	do()
}

// replace gives a role other rules.
func (a *account) replace(t *testing.T, role *rbacv1.ClusterRole, rules []rbacv1.PolicyRule) {
	t.Helper()
	text, err := yaml.Marshal(&rbacv1.ClusterRole{TypeMeta: role.TypeMeta, ObjectMeta: role.ObjectMeta, Rules: rules})
	require.NoError(t, err)
	a.Apply(t, string(text))
}
