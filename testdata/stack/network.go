package stack

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// network is the wire between this machine and a cluster's node. It is gone when the node's network namespace is.
//
//	this machine                       the node                         its pods
//	10.201.K.1   host       ────────   10.201.K.2   node
//	10.203.K.1   API server            10.202.K.1   pods0   ────────   10.202.K.0/24
//
// The node has no other way out, and so the pods have none: no route to the internet, no names. That the API server itself is at the
// address of the Service "kubernetes" is what lets pods reach it without kube-proxy; the addresses of other Services lead nowhere.
type network struct {
	index int
	node  int // process id of the node's first process
}

// networks is how many clusters with pods a machine can have at once.
const networks = 16

func (n network) name() string     { return "assay" + strconv.Itoa(n.index) }
func (n network) host() string     { return fmt.Sprintf("10.201.%d.1", n.index) }
func (n network) address() string  { return fmt.Sprintf("10.201.%d.2", n.index) }
func (n network) server() string   { return fmt.Sprintf("10.203.%d.1", n.index) }
func (n network) services() string { return fmt.Sprintf("10.203.%d.0/24", n.index) }
func (n network) pods() string     { return fmt.Sprintf("10.202.%d.0/24", n.index) }

// newNetwork takes the first addresses that no other cluster has, and lays the wire to the node.
func newNetwork(ctx context.Context, node int) (*network, error) {
	n := &network{node: node}
	for ; n.index < networks; n.index++ {
		_, err := ip(ctx, "link", "add", n.name(), "type", "veth", "peer", "name", "node", "netns", strconv.Itoa(node))
		if err == nil {
			return n, n.configure(ctx)
		}
		if !strings.Contains(err.Error(), "File exists") {
			return nil, fmt.Errorf("wire to the node: %w", err)
		}
	}
	return nil, fmt.Errorf("wire to the node: %d clusters with pods run on this machine already", networks)
}

func (n *network) configure(ctx context.Context) error {
	for _, args := range [][]string{
		{"address", "add", n.host() + "/30", "dev", n.name()},
		{"address", "add", n.server() + "/32", "dev", n.name()},
		{"link", "set", n.name(), "up"},
		{"route", "add", n.pods(), "via", n.address()},
	} {
		if _, err := ip(ctx, args...); err != nil {
			return fmt.Errorf("wire to the node: %w", err)
		}
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", n.address() + "/30", "dev", "node"},
		{"link", "set", "node", "up"},
		{"route", "add", n.services(), "via", n.host()},
	} {
		if _, err := n.inNode(ctx, append([]string{"ip"}, args...)...); err != nil {
			return fmt.Errorf("network of the node: %w", err)
		}
	}
	return nil
}

func ip(ctx context.Context, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "ip", args...))
}

// inNode runs a program of this machine in the node's network.
func (n *network) inNode(ctx context.Context, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "nsenter", append([]string{"--net=/proc/" + strconv.Itoa(n.node) + "/ns/net", "--"}, args...)...))
}

// cni is how containerd connects pods.
func (n *network) cni() string {
	return `{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "pods0", "isDefaultGateway": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "` + n.pods() + `"}]]}}]}
`
}
