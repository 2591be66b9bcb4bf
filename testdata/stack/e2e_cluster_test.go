//go:build e2e

package stack_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/testdata/stack"
)

func TestRealAPIServer(t *testing.T) {
	began := time.Now()
	c := stack.StartCluster(t, stack.Options{})
	t.Logf("etcd and API server after %v", time.Since(began).Round(time.Millisecond))
	admin := kubernetes.NewForConfigOrDie(c.Config())
	configMaps := admin.CoreV1().ConfigMaps("default")
	_, err := configMaps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "site"}, Data: map[string]string{"port": "80"}}, metav1.CreateOptions{})
	require.NoError(t, err)

	t.Run("a service account may do what RBAC says", func(t *testing.T) {
		c.Apply(t, "{apiVersion: v1, kind: ServiceAccount, metadata: {name: reader, namespace: default}}")
		reader := kubernetes.NewForConfigOrDie(c.ConfigFor(t, "default", "reader")).CoreV1().ConfigMaps("default")
		_, err := reader.Get(t.Context(), "site", metav1.GetOptions{})
		require.True(t, apierrors.IsForbidden(err), "%v", err)
		c.Kubectl(t, "create", "role", "reader", "--verb=get", "--resource=configmaps")
		c.Kubectl(t, "create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:reader")
		require.Eventually(t, func() bool {
			_, err = reader.Get(t.Context(), "site", metav1.GetOptions{})
			return err == nil
		}, time.Minute, 50*time.Millisecond)
	})

	t.Run("kubectl", func(t *testing.T) {
		require.Equal(t, "80", c.Kubectl(t, "get", "configmap", "site", "-o", "jsonpath={.data.port}"))
	})

	t.Run("slow etcd", func(t *testing.T) {
		t.Cleanup(func() { c.SlowEtcd(0) })
		c.SlowEtcd(300 * time.Millisecond)
		began := time.Now()
		_, err := configMaps.Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "slow"}}, metav1.CreateOptions{})
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(began), 300*time.Millisecond)
	})

	t.Run("the API server restarts and has forgotten nothing", func(t *testing.T) {
		c.RestartAPIServer(t, 100*time.Millisecond)
		kept, err := configMaps.Get(t.Context(), "site", metav1.GetOptions{})
		require.NoError(t, err)
		require.Equal(t, "80", kept.Data["port"])
	})
}

func TestRealControllerManager(t *testing.T) {
	began := time.Now()
	c := stack.StartCluster(t, stack.Options{Controllers: true})
	t.Logf("etcd, API server and controller manager after %v", time.Since(began).Round(time.Millisecond))
	c.Kubectl(t, "create", "namespace", "passing")
	c.Kubectl(t, "delete", "namespace", "passing", "--wait", "--timeout=1m")
	require.NotContains(t, c.Kubectl(t, "get", "namespaces", "-o", "name"), "passing")
}
