package stack

import (
	"context"
	"crypto/x509/pkix"
	"net"
	"os/exec"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// apiServer is what it takes to start the API server a second time.
type apiServer struct {
	address  string
	services string // the addresses of Services, the first of which is its own
	args     []string
	process  *process
}

// startEtcd starts a store of one member that never waits for the disk, and the relay through which the API server reaches it.
func (c *Cluster) startEtcd(ctx context.Context) error {
	etcd, err := installed("etcd", "etcd-server")
	if err != nil {
		return err
	}
	clients, err := freeAddress()
	if err != nil {
		return err
	}
	peers, err := freeAddress()
	if err != nil {
		return err
	}
	if c.etcd, err = startRelay("127.0.0.1", func() string { return clients }); err != nil {
		return err
	}
	p, err := c.supervisor.start("etcd", exec.Command(etcd, "--data-dir="+c.path("etcd"), "--unsafe-no-fsync",
		"--listen-client-urls=http://"+clients, "--advertise-client-urls=http://"+clients,
		"--listen-peer-urls=http://"+peers, "--initial-advertise-peer-urls=http://"+peers, "--initial-cluster=default=http://"+peers))
	if err != nil {
		return err
	}
	return p.await(ctx, c.healthy("http://"+clients+"/health"))
}

// SlowEtcd has all that the API server asks of etcd take longer by a delay, from now on; zero ends it.
func (c *Cluster) SlowEtcd(delay time.Duration) { c.etcd.delay.Store(int64(delay)) }

// placeAPIServer chooses where the API server listens: where pods find it, when there are any.
func (c *Cluster) placeAPIServer() (err error) {
	if c.node != nil {
		c.server.address, c.server.services = net.JoinHostPort(c.node.server(), "443"), c.node.services()
		return nil
	}
	c.server.services = "10.203.0.0/24"
	c.server.address, err = freeAddress()
	return err
}

func (c *Cluster) startAPIServer(ctx context.Context, o Options) error {
	host, port, err := net.SplitHostPort(c.server.address)
	if err != nil {
		return err
	}
	c.server.args = []string{
		"--etcd-servers=http://" + c.etcd.address,
		"--bind-address=" + host, "--secure-port=" + port, "--advertise-address=" + host, "--service-cluster-ip-range=" + c.server.services,
		"--tls-cert-file=" + c.path("server.crt"), "--tls-private-key-file=" + c.path("server.key"), "--client-ca-file=" + c.path("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + c.path("tokens.key"), "--service-account-signing-key-file=" + c.path("tokens.key"),
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--allow-privileged=true",
		"--endpoint-reconciler-type=none", // one server, at the Service's own address or at none
	}
	if !o.Controllers {
		// Nobody makes the service accounts on which it insists.
		c.server.args = append(c.server.args, "--disable-admission-plugins=ServiceAccount")
	}
	if o.Pods {
		if err := c.trustKubelet(); err != nil {
			return err
		}
	}
	return c.runAPIServer(ctx)
}

// trustKubelet has the API server ask the kubelet for logs and for commands in pods.
func (c *Cluster) trustKubelet() error {
	client, err := c.authority.issue(pkix.Name{CommonName: "kube-apiserver", Organization: []string{"system:masters"}})
	if err != nil {
		return err
	}
	c.server.args = append(c.server.args, "--kubelet-preferred-address-types=InternalIP", "--kubelet-certificate-authority="+c.path("ca.crt"),
		"--kubelet-client-certificate="+c.path("kubelet-client.crt"), "--kubelet-client-key="+c.path("kubelet-client.key"))
	return client.write(c.path("kubelet-client"))
}

// runAPIServer starts the API server, and returns when it serves and has written what a cluster has from the beginning.
func (c *Cluster) runAPIServer(ctx context.Context) error {
	binary, err := built(c.root, "kube-apiserver")
	if err != nil {
		return err
	}
	if c.server.process, err = c.supervisor.start("kube-apiserver", exec.Command(binary, c.server.args...)); err != nil {
		return err
	}
	return c.server.process.await(ctx, c.healthy("https://"+c.server.address+"/readyz"))
}

// RestartAPIServer ends the API server as its administrator does, has it stay away for a while, and returns when it
// serves again, at the same address.
func (c *Cluster) RestartAPIServer(t testing.TB, away time.Duration) {
	t.Helper()
	c.server.process.stop(5 * time.Second)
	select {
	case <-time.After(away):
	case <-t.Context().Done():
	}
	if err := c.runAPIServer(t.Context()); err != nil {
		t.Fatalf("restart the API server: %v", err)
	}
}

// startControllerManager returns when it is healthy and has done its first work: the service account of the namespace default.
func (c *Cluster) startControllerManager(ctx context.Context) error {
	p, err := c.startController(ctx, "kube-controller-manager", "--service-account-private-key-file="+c.path("tokens.key"), "--root-ca-file="+c.path("ca.crt"),
		"--use-service-account-credentials=true", "--node-monitor-period=2s", "--node-monitor-grace-period=20s")
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return err
	}
	return p.await(ctx, func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

func (c *Cluster) startScheduler(ctx context.Context) error {
	_, err := c.startController(ctx, "kube-scheduler")
	return err
}

// startController starts the controller manager or the scheduler, under the user to which Kubernetes gives its rights, alone
// and thus without an election.
func (c *Cluster) startController(ctx context.Context, name string, args ...string) (*process, error) {
	binary, err := built(c.root, name)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := c.kubeconfig(name, pkix.Name{CommonName: "system:" + name})
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p, err := c.supervisor.start(name, exec.Command(binary, append(args, "--kubeconfig="+kubeconfig, "--leader-elect=false",
		"--bind-address="+host, "--secure-port="+port, "--tls-cert-file="+c.path("server.crt"), "--tls-private-key-file="+c.path("server.key"))...))
	if err != nil {
		return nil, err
	}
	return p, p.await(ctx, c.healthy("https://"+address+"/healthz"))
}
