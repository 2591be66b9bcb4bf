package stack

import (
	"context"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"
)

// Options say what a cluster has besides etcd and an API server.
type Options struct {
	// Controllers starts the controller manager: service accounts, garbage collection, the end of namespaces, aggregated roles (view, edit and
	// admin are empty without it), the status of Jobs. Without it pods can be written down, but nobody gives them a service account.
	Controllers bool
	// Pods adds a scheduler and a node, on which pods really run: containerd and a kubelet. It needs root on Linux, and starts the controllers
	// too, as do Flux and Argo CD.
	Pods bool
	// Flux adds source-controller and kustomize-controller, and the CRDs of helm-controller's API.
	Flux bool
	// FluxEvents is the URL to which Flux posts its events, as it does to notification-controller; empty is none.
	FluxEvents string
	// ArgoCD adds Argo CD's repository server and application controller, with the project "default", and
	// Applications allowed in every namespace.
	ArgoCD bool
	// Logs is the folder for what the processes print; when it is empty, they print into the cluster's own folder, which Close removes.
	Logs string
}

// Cluster is a Kubernetes of this machine. Its state is lost when it is closed.
type Cluster struct {
	// Kubeconfig is the path of a file with which clients are cluster administrators.
	Kubeconfig string

	root, dir, logs string
	supervisor      *supervisor
	authority       *authority
	admin           pair
	etcd            *relay
	server          apiServer
	node            *node // nil when no pods run
}

// StartCluster starts a cluster for the time of a test. Its logs are the test's artifacts (go test -artifacts keeps them).
func StartCluster(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Logs == "" {
		o.Logs = t.ArtifactDir()
	}
	c, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close the cluster: %v", err)
		}
	})
	return c
}

// Start starts a cluster that its caller closes, as TestMain does for all tests of a package. The context bounds the start alone.
// When it fails, nothing is left, and the error ends with what the process that failed has printed.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	c, err := newCluster(o)
	if err != nil {
		return nil, err
	}
	if err := c.start(ctx, o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newCluster(o Options) (*Cluster, error) {
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "assay-stack-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{root: root, dir: dir, logs: o.Logs}
	if c.logs == "" {
		c.logs = c.path("logs")
	}
	if err := os.MkdirAll(c.logs, 0o755); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	c.supervisor = newSupervisor(c.logs)
	return c, nil
}

func (c *Cluster) start(ctx context.Context, o Options) error {
	o.Controllers = o.Controllers || o.Pods || o.Flux || o.ArgoCD
	if o.Pods {
		if err := c.startNode(ctx); err != nil {
			return err
		}
	}
	if err := c.placeAPIServer(); err != nil {
		return err
	}
	if err := c.issueCertificates(); err != nil {
		return fmt.Errorf("issue the cluster's certificates: %w", err)
	}
	if err := c.startEtcd(ctx); err != nil {
		return err
	}
	if err := c.startAPIServer(ctx, o); err != nil {
		return err
	}
	var rest errgroup.Group
	for _, part := range []struct {
		wanted bool
		start  func(context.Context) error
	}{
		{o.Controllers, c.startControllerManager},
		{o.Pods, c.startScheduler},
		{o.Pods, c.runPods},
		{o.Flux, func(ctx context.Context) error { return c.startFlux(ctx, o.FluxEvents) }},
		{o.ArgoCD, c.startArgoCD},
	} {
		if part.wanted {
			rest.Go(func() error { return part.start(ctx) })
		}
	}
	return rest.Wait()
}

// issueCertificates makes what all the others rely on: the authority, the servers' pair, the key of tokens, and the administrator.
func (c *Cluster) issueCertificates() (err error) {
	if c.authority, err = newAuthority(); err != nil {
		return err
	}
	hosts := []string{"127.0.0.1", "kubernetes", "kubernetes.default.svc"}
	if c.node != nil {
		hosts = append(hosts, c.node.server())
	}
	servers, err := c.authority.issue(pkix.Name{CommonName: "control-plane"}, hosts...)
	if err != nil {
		return err
	}
	tokens, err := signingKey()
	if err != nil {
		return err
	}
	if c.admin, err = c.authority.issue(pkix.Name{CommonName: "admin", Organization: []string{"system:masters"}}); err != nil {
		return err
	}
	c.Kubeconfig, err = c.writeKubeconfig("admin", c.admin)
	return errors.Join(err, servers.write(c.path("server")),
		os.WriteFile(c.path("ca.crt"), c.authority.pem, 0o644), os.WriteFile(c.path("tokens.key"), tokens, 0o600))
}

// path is a file or folder of the cluster's own.
func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }

// Close ends every process of the cluster and removes its folder.
func (c *Cluster) Close() error {
	var err error
	if c.node != nil {
		err = c.node.close()
	}
	c.supervisor.close()
	if c.etcd != nil {
		err = errors.Join(err, c.etcd.close())
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}
