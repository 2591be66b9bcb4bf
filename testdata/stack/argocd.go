package stack

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const argoNamespace = "argocd"

// argoProject lets every Application do everything, whatever namespace it is in. The secret is what Argo CD's own server
// would write at its first start.
const argoProject = `
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  sourceNamespaces: ['*']
  destinations: [{server: '*', namespace: '*'}]
  clusterResourceWhitelist: [{group: '*', kind: '*'}]
---
apiVersion: v1
kind: Secret
metadata: {name: argocd-secret, namespace: argocd}
stringData: {server.secretkey: for-tests-only-for-tests-only-32}
`

// StartArgoCD brings Argo CD into a cluster that was started without it, as StartFlux does with Flux.
func (c *Cluster) StartArgoCD(t testing.TB) {
	t.Helper()
	if err := c.startArgoCD(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// startArgoCD starts Redis, the repository server and the application controller, and returns when all are healthy.
func (c *Cluster) startArgoCD(ctx context.Context) error {
	if err := c.configureArgoCD(ctx); err != nil {
		return err
	}
	redis, err := c.startRedis(ctx)
	if err != nil {
		return err
	}
	env, err := c.argoEnvironment()
	if err != nil {
		return err
	}
	server, err := freeAddress()
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		return err
	}
	if err := c.startArgo(ctx, "argocd-repo-server", env, "--redis="+redis, "--address="+host, "--port="+port, "--metrics-address="+host, "--disable-tls"); err != nil {
		return err
	}
	return c.startArgo(ctx, "argocd-application-controller", env, "--redis="+redis, "--namespace="+argoNamespace, "--application-namespaces=*",
		"--repo-server="+server, "--repo-server-plaintext")
}

// configureArgoCD brings into the cluster what Argo CD's own installation does, but for its Deployments.
func (c *Cluster) configureArgoCD(ctx context.Context) error {
	if err := c.installArgoCRDs(ctx); err != nil {
		return err
	}
	module, err := c.argoModule()
	if err != nil {
		return err
	}
	if err := c.apply(ctx, namespaceDocument(argoNamespace)); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(module, "manifests", "base", "config", "argocd-*.yaml"))
	if err != nil {
		return err
	}
	args := []string{"apply", "--server-side", "--namespace=" + argoNamespace}
	for _, file := range files {
		args = append(args, "--filename="+file)
	}
	if _, err := c.kubectl(ctx, "", args...); err != nil {
		return fmt.Errorf("configure Argo CD: %w", err)
	}
	return c.apply(ctx, argoProject)
}

// InstallArgoCRDs installs Application and AppProject without Argo CD itself. It returns when the API server serves them.
func (c *Cluster) InstallArgoCRDs(t testing.TB) {
	t.Helper()
	if err := c.installArgoCRDs(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) installArgoCRDs(ctx context.Context) error {
	module, err := c.argoModule()
	if err != nil {
		return err
	}
	crds := filepath.Join(module, "manifests", "crds")
	return c.installCRDs(ctx, filepath.Join(crds, "application-crd.yaml"), filepath.Join(crds, "appproject-crd.yaml"))
}

func (c *Cluster) argoModule() (string, error) {
	return moduleDir(c.root, "argocd", "github.com/argoproj/argo-cd/v3")
}

// startRedis starts the cache that Argo CD's processes share. It returns its address.
func (c *Cluster) startRedis(ctx context.Context) (string, error) {
	redis, err := installed("redis-server", "redis-server")
	if err != nil {
		return "", err
	}
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	p, err := c.supervisor.start("redis", exec.Command(redis, "--bind", host, "--port", port, "--save", "", "--dir", c.dir))
	if err != nil {
		return "", err
	}
	return address, p.await(ctx, func(ctx context.Context) error {
		connection, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}

// argoEnvironment keeps Argo CD's files in the cluster's folder, away from the user's own, and lets it find bin/kustomize,
// and itself as Git's askpass.
func (c *Cluster) argoEnvironment() ([]string, error) {
	kubeconfig, err := c.kubeconfig("argocd", pkix.Name{CommonName: "argocd", Organization: []string{"system:masters"}})
	if err != nil {
		return nil, err
	}
	scratch, err := c.folders("argocd/tls", "argocd/ssh", "argocd/gpg", "argocd/scratch")
	if err != nil {
		return nil, err
	}
	return append(os.Environ(), "KUBECONFIG="+kubeconfig, "ARGOCD_FAKE_IN_CLUSTER=true", "HOME="+c.path("argocd"), "TMPDIR="+scratch, "ARGOCD_ASK_PASS_SOCK="+c.path("argocd/askpass"),
		"PATH="+filepath.Join(c.root, "bin")+":"+os.Getenv("PATH"), "ARGOCD_GPG_ENABLED=false", "ARGOCD_TLS_DATA_PATH="+c.path("argocd/tls"),
		"ARGOCD_SSH_DATA_PATH="+c.path("argocd/ssh"), "ARGOCD_GPG_DATA_PATH="+c.path("argocd/gpg")), nil
}

// startArgo starts one of Argo CD's processes. They are one binary, which the name that it is called by tells what to be.
func (c *Cluster) startArgo(ctx context.Context, name string, env []string, args ...string) error {
	binary, err := built(c.root, "argocd")
	if err != nil {
		return err
	}
	if _, err := built(c.root, "kustomize"); err != nil {
		return err
	}
	if err := os.Symlink(binary, c.path("argocd/"+name)); err != nil {
		return err
	}
	metrics, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(metrics)
	if err != nil {
		return err
	}
	cmd := exec.Command(c.path("argocd/"+name), append(args, "--metrics-port="+port)...)
	cmd.Env = env
	p, err := c.supervisor.start(name, cmd)
	if err != nil {
		return err
	}
	return p.await(ctx, c.healthy("http://"+metrics+"/healthz"))
}

// folders makes folders of the cluster's own, and returns the path of the last.
func (c *Cluster) folders(names ...string) (path string, err error) {
	for _, name := range names {
		path = c.path(name)
		err = errors.Join(err, os.MkdirAll(path, 0o755))
	}
	return path, err
}
