package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// pauseImage is what every pod's sandbox runs.
const pauseImage = "registry.local/pause:1"

// startContainerd returns when it serves and has the image without which no pod starts.
func (c *Cluster) startContainerd(ctx context.Context) error {
	containerd, err := installed("containerd", "containerd")
	if err != nil {
		return err
	}
	if _, err := installed("runc", "runc"); err != nil {
		return err
	}
	plugins, err := networkPlugins()
	if err != nil {
		return err
	}
	if err := os.Mkdir(c.path("cni"), 0o755); err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(c.path("cni/pods.conflist"), []byte(c.node.cni()), 0o644),
		os.WriteFile(c.path("containerd.toml"), c.containerdConfig(plugins), 0o644)); err != nil {
		return err
	}
	if err := c.node.order(map[string]any{"Start": []string{containerd, "--config=" + c.path("containerd.toml")}}); err != nil {
		return err
	}
	answers := func(ctx context.Context) error {
		_, err := c.ctr(ctx, "version")
		return err
	}
	if err := c.awaitInNode(ctx, "containerd", answers); err != nil {
		return err
	}
	pause := Image{Name: pauseImage, Entrypoint: []string{"/pause"}, Files: map[string]string{"/pause": c.path("bin/pause")}}
	if err := pause.Write(c.path("pause.tar")); err != nil {
		return err
	}
	return c.importImage(ctx, c.path("pause.tar"))
}

// networkPlugins is where Debian puts the plugins that connect pods, or where all others do.
func networkPlugins() (string, error) {
	for _, dir := range []string{"/usr/lib/cni", "/opt/cni/bin"} {
		if _, err := os.Stat(dir + "/bridge"); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("the CNI plugin bridge is absent: install it with apt-get install containernetworking-plugins")
}

func (c *Cluster) containerdConfig(plugins string) []byte {
	return fmt.Appendf(nil, `version = 2
root = "%[1]s/containerd/root"
state = "%[1]s/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.aufs"]
[grpc]
  address = "%[1]s/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[2]s"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "%[3]s"
    conf_dir = "%[1]s/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`, c.dir, pauseImage, plugins)
}

// LoadImage brings an archive, of Docker's kind or OCI's, to the node. Pods use it by tag or by digest, with imagePullPolicy Never or
// IfNotPresent: there is no registry.
func (c *Cluster) LoadImage(t testing.TB, archive string) {
	t.Helper()
	if err := c.importImage(t.Context(), archive); err != nil {
		t.Fatal(err)
	}
}

// LoadProgram builds a program of Assay's module, given as ./its/folder, and brings it to the node as an image of this
// name that holds nothing else.
func (c *Cluster) LoadProgram(t testing.TB, name, program string) {
	t.Helper()
	if err := c.build(t.Context(), program); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Base(program)
	image := Image{Name: name, Entrypoint: []string{"/" + binary}, User: "65532", Files: map[string]string{"/" + binary: c.path("bin/" + binary)}}
	archive := filepath.Join(t.TempDir(), binary+".tar")
	if err := image.Write(archive); err != nil {
		t.Fatal(err)
	}
	c.LoadImage(t, archive)
}

// imported is how ctr says what an archive held: the name up to the tag, and the digest.
var imported = regexp.MustCompile(`unpacking (\S+):([^:/\s]+) \((sha256:[0-9a-f]{64})\)`)

// importImage has pods find an image also as NAME@DIGEST, as they would after a pull.
func (c *Cluster) importImage(ctx context.Context, archive string) error {
	said, err := c.ctr(ctx, "--namespace=k8s.io", "images", "import", archive)
	if err != nil {
		return fmt.Errorf("load image: %w", err)
	}
	for _, found := range imported.FindAllStringSubmatch(said, -1) {
		name, tag, digest := found[1], found[2], found[3]
		if _, err := c.ctr(ctx, "--namespace=k8s.io", "images", "tag", "--force", name+":"+tag, name+"@"+digest); err != nil {
			return fmt.Errorf("load image %s: %w", name, err)
		}
	}
	return nil
}

func (c *Cluster) ctr(ctx context.Context, args ...string) (string, error) {
	return run(exec.CommandContext(ctx, "ctr", append([]string{"--address=" + c.path("containerd.sock")}, args...)...))
}
