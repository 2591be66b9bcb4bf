//go:build e2e

package stack_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"

	"github.com/assay-dev/assay/testdata/stack"
)

const (
	visitImage   = "registry.local/visit:1"
	kubectlImage = "registry.local/kubectl:1"
)

func TestRealPods(t *testing.T) {
	began := time.Now()
	c := stack.StartCluster(t, stack.Options{Pods: true})
	t.Logf("a node that takes pods after %v", time.Since(began).Round(time.Millisecond))
	c.LoadProgram(t, visitImage, "./testdata/stack/visit")

	t.Run("a Job that does nothing completes", func(t *testing.T) {
		began := time.Now()
		require.Equal(t, batchv1.JobComplete, runJob(t, c, visitImage, "nothing"))
		t.Logf("complete after %v", time.Since(began).Round(time.Millisecond))
	})

	t.Run("pods reach servers of this machine, and their logs can be read", func(t *testing.T) {
		require.Equal(t, batchv1.JobComplete, runJob(t, c, visitImage, "neighbour", serveHello(t, c)))
		require.Equal(t, "hello", c.Kubectl(t, "logs", "job/neighbour"))
	})

	t.Run("pods reach the API server as their service account, unless the way is cut", func(t *testing.T) {
		archive := filepath.Join(t.TempDir(), "kubectl.tar")
		image := stack.Image{Name: kubectlImage, Entrypoint: []string{"/kubectl"}, User: "65532", Files: map[string]string{"/kubectl": "../../bin/kubectl"}}
		require.NoError(t, image.Write(archive))
		c.LoadImage(t, archive)
		whoami := []string{"auth", "whoami", "--output=jsonpath={.status.userInfo.username}"}
		ended := runJob(t, c, kubectlImage, "whoami", whoami...)
		require.Equal(t, batchv1.JobComplete, ended, c.Kubectl(t, "logs", "job/whoami"))
		require.Equal(t, "system:serviceaccount:default:default", c.Kubectl(t, "logs", "job/whoami"))

		host, _, err := net.SplitHostPort(strings.TrimPrefix(c.Config().Host, "https://"))
		require.NoError(t, err)
		rule := []string{"FORWARD", "--destination", host, "--jump", "REJECT"}
		c.InNode(t, append([]string{"iptables", "--append"}, rule...)...)
		defer c.InNode(t, append([]string{"iptables", "--delete"}, rule...)...)
		require.Equal(t, batchv1.JobFailed, runJob(t, c, kubectlImage, "whoami-cut", whoami...))
	})

	t.Run("pods reach nothing behind this machine", func(t *testing.T) {
		require.Equal(t, batchv1.JobFailed, runJob(t, c, visitImage, "outside", "http://192.0.2.1/"))
	})

	t.Run("the node is lost and comes back", func(t *testing.T) {
		c.StopNode(t)
		c.Kubectl(t, "wait", "node", "--all", "--for=condition=Ready=Unknown", "--timeout=2m")
		c.StartNode(t)
		c.Kubectl(t, "wait", "node", "--all", "--for=condition=Ready", "--timeout=2m")
	})

	t.Run("a second cluster with pods beside the first", func(t *testing.T) {
		second := stack.StartCluster(t, stack.Options{Pods: true})
		require.NotEqual(t, c.BridgeAddress(), second.BridgeAddress())
		second.LoadProgram(t, visitImage, "./testdata/stack/visit")
		require.Equal(t, batchv1.JobComplete, runJob(t, second, visitImage, "neighbour", serveHello(t, second)))
	})
}

// serveHello is a server of this machine that pods can reach.
func serveHello(t *testing.T, c *stack.Cluster) string {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.BridgeAddress(), "0"))
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("hello"))
	})}}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// runJob runs one pod, as restricted as Kubernetes knows it, and returns how it ended.
func runJob(t *testing.T, c *stack.Cluster, image, name string, args ...string) batchv1.JobConditionType {
	jobs := kubernetes.NewForConfigOrDie(c.Config()).BatchV1().Jobs("default")
	pod := corev1.PodSpec{
		RestartPolicy:   corev1.RestartPolicyNever,
		SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: ptr.To(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		Containers: []corev1.Container{{Name: "main", Image: image, Args: args, SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: ptr.To(false), ReadOnlyRootFilesystem: ptr.To(true), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		}}},
	}
	_, err := jobs.Create(t.Context(), &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       batchv1.JobSpec{BackoffLimit: ptr.To(int32(0)), Template: corev1.PodTemplateSpec{Spec: pod}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	var ended batchv1.JobConditionType
	require.Eventually(t, func() bool {
		job, err := jobs.Get(t.Context(), name, metav1.GetOptions{})
		if err != nil {
			return false
		}
		for _, condition := range job.Status.Conditions {
			if final := condition.Type == batchv1.JobComplete || condition.Type == batchv1.JobFailed; final && condition.Status == corev1.ConditionTrue {
				ended = condition.Type
			}
		}
		return ended != ""
	}, 2*time.Minute, 50*time.Millisecond, "job %s", name)
	return ended
}
