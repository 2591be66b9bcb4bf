package stack

import (
	"context"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// nodeName is what the one node is called.
const nodeName = "node"

// node is where pods run: containerd and a kubelet in namespaces of their own. Command node is the first process there.
type node struct {
	*network
	init    *process
	orders  io.WriteCloser
	kubelet []string
}

// startNode makes the namespaces and the wire to them. It is the first that a cluster starts, since the API server listens at that wire.
func (c *Cluster) startNode(ctx context.Context) (err error) {
	if os.Geteuid() != 0 {
		return errors.New("start a node for pods: it needs root, for namespaces and cgroups")
	}
	if err := c.build(ctx, "./testdata/stack/node", "./testdata/stack/pause"); err != nil {
		return err
	}
	cmd := exec.Command(c.path("bin/node"), c.path("node"), c.logs)
	cmd.SysProcAttr = inNamespaces()
	n := &node{}
	if n.orders, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if n.init, err = c.supervisor.start("node", cmd); err != nil {
		return err
	}
	c.node = n
	if n.network, err = newNetwork(ctx, cmd.Process.Pid); err != nil {
		return err
	}
	return n.order(map[string]any{"Cgroup": n.name()})
}

func (n *node) order(o map[string]any) error { return json.NewEncoder(n.orders).Encode(o) }

// runPods starts containerd and the kubelet, and returns when the node is ready for pods.
func (c *Cluster) runPods(ctx context.Context) error {
	if err := c.startContainerd(ctx); err != nil {
		return err
	}
	if err := c.configureKubelet(); err != nil {
		return err
	}
	if err := c.startKubelet(ctx); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		return err
	}
	return c.node.init.await(ctx, func(ctx context.Context) error {
		found, err := client.CoreV1().Nodes().Get(ctx, nodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		return schedulable(found)
	})
}

// schedulable says what keeps pods off a node.
func schedulable(n *corev1.Node) error {
	for _, taint := range n.Spec.Taints {
		return fmt.Errorf("the node is tainted: %s", taint.ToString())
	}
	for _, condition := range n.Status.Conditions {
		if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
			return nil
		}
	}
	return errors.New("the node is not ready")
}

func (c *Cluster) configureKubelet() error {
	kubelet, err := built(c.root, "kubelet")
	if err != nil {
		return err
	}
	kubeconfig, err := c.kubeconfig("kubelet", pkix.Name{CommonName: "system:node:" + nodeName, Organization: []string{"system:nodes"}})
	if err != nil {
		return err
	}
	serving, err := c.authority.issue(pkix.Name{CommonName: "kubelet"}, c.node.address(), nodeName)
	if err != nil {
		return err
	}
	c.node.kubelet = []string{kubelet, "--config=" + c.path("kubelet.yaml"), "--kubeconfig=" + kubeconfig,
		"--root-dir=" + c.path("kubelet"), "--hostname-override=" + nodeName, "--node-ip=" + c.node.address()}
	return errors.Join(serving.write(c.path("kubelet-server")), os.WriteFile(c.path("resolv.conf"), nil, 0o644),
		os.WriteFile(c.path("kubelet.yaml"), c.kubeletConfig(), 0o644))
}

// kubeletConfig turns off what would change the machine, and what would remove images that cannot be had again.
func (c *Cluster) kubeletConfig() []byte {
	return fmt.Appendf(nil, `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
healthzBindAddress: %[1]s
readOnlyPort: 0
tlsCertFile: %[2]s/kubelet-server.crt
tlsPrivateKeyFile: %[2]s/kubelet-server.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[2]s/ca.crt}}
authorization: {mode: Webhook}
containerRuntimeEndpoint: unix://%[2]s/containerd.sock
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /%[3]s
oomScoreAdj: 0
makeIPTablesUtilChains: false
resolvConf: %[2]s/resolv.conf
volumePluginDir: %[2]s/plugins
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
evictionHard: {memory.available: 100Mi, nodefs.available: 1Gi, imagefs.available: 1Gi}
syncFrequency: 10s
nodeStatusUpdateFrequency: 4s
nodeLeaseDurationSeconds: 20
`, c.node.address(), c.dir, c.node.name())
}

func (c *Cluster) startKubelet(ctx context.Context) error {
	if err := c.node.order(map[string]any{"Start": c.node.kubelet}); err != nil {
		return err
	}
	return c.awaitInNode(ctx, "kubelet", c.kubeletHealthy())
}

func (c *Cluster) kubeletHealthy() func(context.Context) error {
	return c.healthy("http://" + c.node.address() + ":10248/healthz")
}

// awaitInNode waits for a process of which the node's first one takes care.
func (c *Cluster) awaitInNode(ctx context.Context, name string, probe func(context.Context) error) error {
	if err := c.node.init.await(ctx, probe); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, lastLines(filepath.Join(c.logs, name+".log")))
	}
	return nil
}

// StopNode kills the kubelet: to the cluster the node is lost, after 20 s, while its containers run on.
func (c *Cluster) StopNode(t testing.TB) {
	t.Helper()
	if err := c.node.order(map[string]any{"Kill": "kubelet"}); err != nil {
		t.Fatalf("stop the node: %v", err)
	}
}

// StartNode starts the kubelet again, and returns when it is healthy; the node is ready a moment later.
func (c *Cluster) StartNode(t testing.TB) {
	t.Helper()
	if err := c.startKubelet(t.Context()); err != nil {
		t.Fatalf("start the node: %v", err)
	}
}

// BridgeAddress is the address of this machine at which all in the cluster, pods included, reach servers of this
// machine: loopback when no pods run.
func (c *Cluster) BridgeAddress() string {
	if c.node == nil {
		return "127.0.0.1"
	}
	return c.node.host()
}

// InNode runs a program of this machine in the node's network, through which all traffic of pods goes: "iptables" is how a test cuts it.
func (c *Cluster) InNode(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.node.inNode(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// close ends all that runs in the node, and returns when its cgroups are removed. The kernel does the rest.
func (n *node) close() error {
	n.orders.Close()
	select {
	case <-n.init.ended:
	case <-time.After(30 * time.Second):
		return errors.New("end the node: it has not in 30 s")
	}
	if n.init.err != nil {
		return fmt.Errorf("end the node: %w\n%s", n.init.err, lastLines(n.init.log))
	}
	return nil
}
