package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
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
