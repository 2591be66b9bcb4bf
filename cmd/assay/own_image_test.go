package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/cmd/assay/internal/wire"
)

func TestOwnImage(t *testing.T) {
	pod := func(name string, containers ...corev1.Container) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "assay-system"}, Spec: corev1.PodSpec{Containers: containers}}
	}
	client := fake.NewClientset(
		pod("assay-0", corev1.Container{Name: "proxy", Image: "proxy"}, corev1.Container{Name: "assay", Image: "registry.example.com/assay@sha256:1"}),
		pod("assay-1", corev1.Container{Name: "another", Image: "another"}),
	)
	image, err := ownImage(t.Context(), client, "assay-system", "assay-0")
	require.NoError(t, err)
	require.Equal(t, "registry.example.com/assay@sha256:1", image)
	_, err = ownImage(t.Context(), client, "assay-system", "assay-1")
	require.ErrorContains(t, err, "set ASSAY_RUN_IMAGE")
	_, err = ownImage(t.Context(), client, "assay-system", "assay-2")
	require.ErrorContains(t, err, "assay-2")
}

func TestOwnImageOnceTheAPIServerIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "assay-0", Namespace: "assay-system"},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "assay", Image: "assay:1"}}},
		})
		began := time.Now()
		var away time.Duration
		client.PrependReactor("get", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
			return time.Since(began) < away, nil, apierrors.NewServiceUnavailable("restarting")
		})
		away = wire.Patience / 2
		image, err := ownImage(t.Context(), client, "assay-system", "assay-0")
		require.NoError(t, err)
		require.Equal(t, "assay:1", image)

		began, away = time.Now(), 2*wire.Patience
		_, err = ownImage(t.Context(), client, "assay-system", "assay-0")
		require.ErrorContains(t, err, "restarting")
		require.Equal(t, wire.Patience, time.Since(began))
	})
}
