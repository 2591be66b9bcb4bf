package main

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/runner/cluster"
)

// ownContainer is what the manifests call Assay's container.
const ownContainer = "assay"

// runImage is the image that the wrapper of runs comes from: as was said, or in Assay's own pod that one's; empty where neither is known.
func runImage(ctx context.Context, s *settings.Settings, config *rest.Config) (string, error) {
	pod, namespace := os.Getenv(podName), os.Getenv(podNamespace)
	if s.RunImage != "" || pod == "" || namespace == "" {
		return s.RunImage, nil
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	return ownImage(ctx, client, namespace, pod)
}

// ownImage is the image that Assay itself runs as, from which the pods of runs then take the wrapper: whatever layer of an installation
// says which image that is, both are of one version.
func ownImage(ctx context.Context, client kubernetes.Interface, namespace, pod string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wire.Patience)
	defer cancel()
	var own *corev1.Pod
	err := cluster.Patiently(ctx, func() (err error) {
		own, err = client.CoreV1().Pods(namespace).Get(ctx, pod, metav1.GetOptions{})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read Assay's own pod %s/%s for its image, since ASSAY_RUN_IMAGE is not set: %w", namespace, pod, err)
	}
	for _, c := range own.Spec.Containers {
		if c.Name == ownContainer {
			return c.Image, nil
		}
	}
	return "", fmt.Errorf("pod %s/%s has no container called %s: set ASSAY_RUN_IMAGE to Assay's image", namespace, pod, ownContainer)
}
