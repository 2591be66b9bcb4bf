//go:build e2e

package manifests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealOverlays applies one overlay after the other to a real API server, as somebody would who moves from SQLite to PostgreSQL.
func TestRealOverlays(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{Controllers: true})
	admin := kubernetes.NewForConfigOrDie(c.Config())
	for _, folder := range overlays {
		t.Run(folder, func(t *testing.T) {
			// A dry run does not make the namespaces that the rest of it lies in.
			for _, u := range objects(t, folder) {
				if u.GetKind() == "Namespace" {
					text, err := u.MarshalJSON()
					require.NoError(t, err)
					c.Apply(t, string(text))
				}
			}
			c.Kubectl(t, "apply", "--dry-run=server", "-k", folder)
			c.Kubectl(t, "apply", "-k", folder)
			require.Empty(t, c.Kubectl(t, "diff", "-k", folder), "what is there is what was applied")
			podIsAdmitted(t, admin, folder)
		})
	}

	t.Run("Assay may do what is listed, and nothing else", func(t *testing.T) {
		assay := kubernetes.NewForConfigOrDie(c.ConfigFor(t, "assay-system", "assay"))
		for _, o := range build(t, overlays[len(overlays)-1]).Objects {
			if o.Kind != "ClusterRole" && o.Kind != "Role" || strings.HasPrefix(o.Name, "assay-resources") {
				continue
			}
			var role rbacv1.ClusterRole
			require.NoError(t, o.Decode(&role))
			for _, rule := range role.Rules {
				for _, asked := range questions(rule, role.Namespace) {
					require.Eventually(t, func() bool { return may(t, assay, asked) }, time.Minute, 100*time.Millisecond,
						"%s %+v: the controller sums up aggregated roles", role.Name, asked)
				}
			}
		}
		for _, asked := range []authorizationv1.ResourceAttributes{
			{Verb: "get", Resource: "secrets", Namespace: "assay-system"},
			{Verb: "get", Resource: "secrets", Namespace: "assay-runs"},
			{Verb: "list", Resource: "secrets"},
			{Verb: "create", Group: "batch", Resource: "jobs", Namespace: "default"},
			{Verb: "patch", Group: "kustomize.toolkit.fluxcd.io", Resource: "kustomizations"},
			{Verb: "patch", Group: "argoproj.io", Resource: "applications"},
			{Verb: "patch", Group: "apps", Resource: "deployments"},
			{Verb: "update", Group: "coordination.k8s.io", Resource: "leases", Namespace: "assay-system", Name: "another"},
			{Verb: "create", Resource: "pods", Subresource: "exec", Namespace: "assay-runs"},
			{Verb: "create", Resource: "serviceaccounts", Subresource: "token", Namespace: "assay-system"},
			{Verb: "bind", Group: "rbac.authorization.k8s.io", Resource: "clusterroles"},
		} {
			require.False(t, may(t, assay, asked), "%+v", asked)
		}
	})

	t.Run("services of Suites stay in namespaces of their own", func(t *testing.T) {
		c.Kubectl(t, "apply", "-f", "components/services/rbac.yaml", "-f", "components/services/policy.yaml")
		assay := kubernetes.NewForConfigOrDie(c.ConfigFor(t, "assay-system", "assay"))
		makes := func(namespace string) error {
			object := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
			_, err := assay.CoreV1().Namespaces().Create(t.Context(), object, metav1.CreateOptions{})
			return err
		}
		writes := func(namespace string) error {
			object := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "queue"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 4222}}}}
			_, err := assay.CoreV1().Services(namespace).Create(t.Context(), object, metav1.CreateOptions{})
			return err
		}
		const refused = "services of Suites live in namespaces that begin with assay-services-"
		attempt := 0
		require.Eventually(t, func() bool { // both the sum of roles and the policy take a moment
			attempt++
			err := makes(fmt.Sprintf("another-%d", attempt))
			return err != nil && strings.Contains(err.Error(), refused)
		}, time.Minute, 100*time.Millisecond)
		require.NoError(t, makes("assay-services-1"))
		require.NoError(t, writes("assay-services-1"))
		require.NoError(t, assay.CoreV1().Namespaces().Delete(t.Context(), "assay-services-1", metav1.DeleteOptions{}))
		require.ErrorContains(t, writes("default"), refused)
		require.ErrorContains(t, assay.CoreV1().Namespaces().Delete(t.Context(), "assay-runs", metav1.DeleteOptions{}), refused)
	})

	t.Run("a run may do nothing", func(t *testing.T) {
		run := kubernetes.NewForConfigOrDie(c.ConfigFor(t, "assay-runs", "default"))
		for _, namespace := range []string{"assay-runs", "assay-system"} {
			_, err := run.CoreV1().Secrets(namespace).List(t.Context(), metav1.ListOptions{})
			require.True(t, apierrors.IsForbidden(err), "%v", err)
			_, err = run.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
			require.True(t, apierrors.IsForbidden(err), "%v", err)
		}
	})
}

// podIsAdmitted has the API server look at the Deployment's pod as the restricted Pod Security Standard wants it.
func podIsAdmitted(t *testing.T, admin kubernetes.Interface, folder string) {
	t.Helper()
	d, _ := deployment(t, folder)
	template := d.Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.GenerateName = "assay-"
	_, err := admin.CoreV1().Pods(d.Namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	require.NoError(t, err)

	pod.Spec.ServiceAccountName = "default"
	pod.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil
	for _, namespace := range []string{"assay-system", "assay-runs"} {
		_, err = admin.CoreV1().Pods(namespace).Create(t.Context(), pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		require.ErrorContains(t, err, `violates PodSecurity "restricted`)
	}
}

// questions ask for everything that a rule allows, each on its own.
func questions(rule rbacv1.PolicyRule, namespace string) (all []authorizationv1.ResourceAttributes) {
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				asked := authorizationv1.ResourceAttributes{Verb: verb, Group: group, Namespace: namespace}
				asked.Resource, asked.Subresource, _ = strings.Cut(resource, "/")
				if len(rule.ResourceNames) > 0 {
					asked.Name = rule.ResourceNames[0]
				}
				all = append(all, asked)
			}
		}
	}
	return all
}

func may(t *testing.T, who kubernetes.Interface, asked authorizationv1.ResourceAttributes) bool {
	t.Helper()
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &asked}}
	answer, err := who.AuthorizationV1().SelfSubjectAccessReviews().Create(t.Context(), review, metav1.CreateOptions{})
	return err == nil && answer.Status.Allowed
}

// TestRealImageRuns builds the image and runs it in a real pod, as the Deployment has it: another user, nothing to write to.
func TestRealImageRuns(t *testing.T) {
	out, err := exec.Command("make", "-C", "..", "image", "IMAGE=registry.example.com/assay:e2e").CombinedOutput()
	require.NoError(t, err, "%s", out)
	archive, err := filepath.Abs("../bin/assay-image.tar")
	require.NoError(t, err)
	require.FileExists(t, archive)

	c := stack.StartCluster(t, stack.Options{Pods: true})
	c.LoadImage(t, archive)
	d, container := deployment(t, "overlays/dev")
	pod := &corev1.Pod{Spec: corev1.PodSpec{
		RestartPolicy:   corev1.RestartPolicyNever,
		SecurityContext: d.Spec.Template.Spec.SecurityContext,
		Containers: []corev1.Container{{
			Name: "assay", Image: "registry.example.com/assay:e2e", ImagePullPolicy: corev1.PullNever, Args: []string{"version"},
			SecurityContext: container.SecurityContext,
		}},
	}}
	pod.Name, pod.Namespace = "version", "default"
	_, err = kubernetes.NewForConfigOrDie(c.Config()).CoreV1().Pods(pod.Namespace).Create(t.Context(), pod, metav1.CreateOptions{})
	require.NoError(t, err)
	c.Kubectl(t, "wait", "pod/version", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=2m")
	require.Contains(t, c.Kubectl(t, "logs", "version"), "linux/")
}

// TestRealReadme runs the commands of README.md in a copy of the checkout's manifests.
func TestRealReadme(t *testing.T) {
	c := stack.StartCluster(t, stack.Options{Controllers: true})
	home := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(home, "manifests"), os.DirFS(".")))
	run := exec.Command("bash", "-c", readmeScript(t))
	run.Dir = home
	bin, err := filepath.Abs("../bin")
	require.NoError(t, err)
	run.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "KUBECONFIG="+c.Kubeconfig, "HOME="+home)
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "deployment.apps/assay")
	t.Log("applied as README.md says")
}
