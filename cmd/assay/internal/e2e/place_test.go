//go:build e2e

package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/testdata/stack"
)

// root of the checkout, from the folder of these tests.
const root = "../../../.."

// The images that pods run, besides Assay's own.
const (
	shopImage    = "registry.local/shop:1"       // serve, as it should be
	crashedImage = "registry.local/shop:crashed" // serve, built so that it ends at once
	visitImage   = "registry.local/visit:1"
)

// place is a cluster with Flux, Argo CD, pods and a Gitea, into which Assay's role and images were brought.
type place struct {
	*stack.Cluster
	hub      *stack.Gitea
	bot      string // who Assay is on Gitea, with the token
	token    string
	client   kubernetes.Interface // the administrator's
	binary   string               // assay
	image    string               // the same, as an image by its digest
	entrance *httptest.Server
	dir      string
}

// common is the place that most stories share. It is made by the first that asks for it, and left by TestMain.
var common struct {
	once  sync.Once
	place *place
	ready bool
}

func TestMain(m *testing.M) {
	code := m.Run()
	if common.place != nil {
		if err := common.place.close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the stack:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// shared is the place that the stories have in common.
func shared(t *testing.T) *place {
	t.Helper()
	skipUnlessRoot(t)
	common.once.Do(func() {
		common.place = &place{}
		common.place.open(t)
		common.ready = true
	})
	require.True(t, common.ready, "the stack did not start: the first test that failed says why")
	return common.place
}

// own is a place for a story that breaks what all others need, such as the API server.
func own(t *testing.T) *place {
	t.Helper()
	skipUnlessRoot(t)
	p := &place{}
	t.Cleanup(func() { require.NoError(t, p.close()) })
	p.open(t)
	return p
}

func skipUnlessRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("pods need root")
	}
}

func (p *place) open(t *testing.T) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context()) // the place outlives the test
	var err error
	p.dir, err = os.MkdirTemp("", "assay-e2e-")
	require.NoError(t, err)
	p.Cluster, err = stack.Start(ctx, stack.Options{Pods: true, Flux: true, ArgoCD: true})
	require.NoError(t, err)
	p.hub, err = stack.NewGitea(ctx, p.BridgeAddress())
	require.NoError(t, err)
	p.bot = "assay-bot"
	p.token = p.hub.CreateUser(t, p.bot)
	p.client, err = kubernetes.NewForConfig(p.Config())
	require.NoError(t, err)
	p.entrance = newEntrance(t, p)
	p.install(t)
	p.loadImages(t)
}

// close leaves nothing, however far open came.
func (p *place) close() error {
	var err error
	if p.entrance != nil {
		p.entrance.Close()
	}
	if p.hub != nil {
		err = p.hub.Close()
	}
	if p.Cluster != nil {
		err = errors.Join(err, p.Cluster.Close())
	}
	return errors.Join(err, os.RemoveAll(p.dir))
}

// install applies what manifests/ says about Assay's service account; Assay itself runs beside the cluster, where stories can kill it.
func (p *place) install(t *testing.T) {
	t.Helper()
	p.Apply(t, only(p.Kubectl(t, "kustomize", filepath.Join(root, "manifests", "overlays", "prod")),
		"Namespace", "ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"))
}

var kindLine = regexp.MustCompile(`(?m)^kind: (\w+)$`)

// only keeps the objects of some kinds.
func only(objects string, kinds ...string) string {
	kept := slices.DeleteFunc(strings.Split(objects, "\n---\n"), func(object string) bool {
		kind := kindLine.FindStringSubmatch(object)
		return kind == nil || !slices.Contains(kinds, kind[1])
	})
	return strings.Join(kept, "\n---\n")
}

// loadImages builds Assay, packs it as `make image` does, and brings all images to the node.
func (p *place) loadImages(t *testing.T) {
	t.Helper()
	p.binary = filepath.Join(p.dir, "assay")
	p.goRun(t, ".", "build", "-trimpath", "-ldflags", "-s -w", "-o", p.binary, "./cmd/assay")
	archive := filepath.Join(p.dir, "assay.tar")
	p.image = p.goRun(t, "testdata/image", "run", ".", "-out", archive, "-name", "registry.local/assay:e2e", p.binary)
	p.LoadImage(t, archive)

	p.LoadProgram(t, visitImage, "./testdata/stack/visit")
	serve := filepath.Join(p.dir, "serve")
	p.goRun(t, ".", "build", "-trimpath", "-o", serve, "./testdata/stack/serve")
	for name, entrypoint := range map[string][]string{shopImage: {"/serve"}, crashedImage: {"/serve", "crash"}} {
		archive := filepath.Join(p.dir, "image.tar")
		require.NoError(t, stack.Image{Name: name, Entrypoint: entrypoint, User: "65532", Files: map[string]string{"/serve": serve}}.Write(archive))
		p.LoadImage(t, archive)
	}
}

// goRun runs the go command in a folder of the checkout and returns what it prints.
func (p *place) goRun(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir, cmd.Env = filepath.Join(root, folder), append(os.Environ(), "CGO_ENABLED=0")
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	require.NoError(t, err, "go %v: %s", args, &complaints)
	return strings.TrimSpace(string(out))
}
