package stack

import (
	"context"
	"crypto/x509/pkix"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const fluxNamespace = "flux-system"

// StartFlux brings Flux into a cluster that was started without it, as a person may who installs it later.
func (c *Cluster) StartFlux(t testing.TB) {
	t.Helper()
	if err := c.startFlux(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
}

// startFlux starts source-controller and kustomize-controller, and returns when both are ready.
func (c *Cluster) startFlux(ctx context.Context, events string) error {
	if err := c.installFluxCRDs(ctx); err != nil {
		return err
	}
	if err := c.apply(ctx, namespaceDocument(fluxNamespace)); err != nil {
		return err
	}
	kubeconfig, err := c.kubeconfig("flux", pkix.Name{CommonName: "flux", Organization: []string{"system:masters"}})
	if err != nil {
		return err
	}
	artifacts, err := freeAddress()
	if err != nil {
		return err
	}
	if err := c.startFluxController(ctx, "source-controller", kubeconfig, events,
		"--storage-path="+c.path("artifacts"), "--storage-addr="+artifacts, "--storage-adv-addr="+artifacts); err != nil {
		return err
	}
	return c.startFluxController(ctx, "kustomize-controller", kubeconfig, events)
}

// startFluxController starts one of them. What waits for another object is looked at again after 5 s rather than 30, since
// a person waits for the test.
func (c *Cluster) startFluxController(ctx context.Context, name, kubeconfig, events string, args ...string) error {
	binary, err := built(c.root, name)
	if err != nil {
		return err
	}
	metrics, err := freeAddress()
	if err != nil {
		return err
	}
	health, err := freeAddress()
	if err != nil {
		return err
	}
	scratch, err := c.folders("artifacts", "scratch/"+name)
	if err != nil {
		return err
	}
	cmd := exec.Command(binary, append(args, "--metrics-addr="+metrics, "--health-addr="+health, "--events-addr="+events,
		"--enable-leader-election=false", "--requeue-dependency=5s")...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "RUNTIME_NAMESPACE="+fluxNamespace, "TMPDIR="+scratch)
	p, err := c.supervisor.start(name, cmd)
	if err != nil {
		return err
	}
	return p.await(ctx, c.healthy("http://"+health+"/readyz"))
}

// InstallFluxCRDs installs the kinds of source-, kustomize- and helm-controller without the controllers. It returns
// when the API server serves them.
func (c *Cluster) InstallFluxCRDs(t testing.TB) {
	t.Helper()
	if err := c.installFluxCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// installFluxCRDs also installs HelmRelease, for which no controller is here: see crds.
func (c *Cluster) installFluxCRDs(ctx context.Context) error {
	dirs := []string{filepath.Join(c.root, "testdata", "stack", "crds")}
	for _, controller := range []string{"source-controller", "kustomize-controller"} {
		module, err := moduleDir(c.root, controller, "github.com/fluxcd/"+controller)
		if err != nil {
			return err
		}
		dirs = append(dirs, filepath.Join(module, "config", "crd", "bases"))
	}
	return c.installCRDs(ctx, dirs...)
}

// installCRDs returns when the API server serves the kinds and tells its clients of them.
func (c *Cluster) installCRDs(ctx context.Context, files ...string) error {
	args := []string{"apply", "--server-side", "--output=name"}
	for _, file := range files {
		args = append(args, "--filename="+file)
	}
	names, err := c.kubectl(ctx, "", args...)
	if err != nil {
		return fmt.Errorf("install CRDs: %w", err)
	}
	kinds := strings.Join(strings.Fields(strings.ReplaceAll(names, "customresourcedefinition.apiextensions.k8s.io/", "")), ",")
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	return poll(ctx, c.server.process.ended, func(ctx context.Context) error {
		_, err := c.kubectl(ctx, "", "get", kinds, "--all-namespaces")
		return err
	})
}

func namespaceDocument(name string) string {
	return "{apiVersion: v1, kind: Namespace, metadata: {name: " + name + "}}"
}
