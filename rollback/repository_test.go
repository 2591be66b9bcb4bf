package rollback_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/git/gittest"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync"
)

// work is a config repository, and a clone of it in which people work.
type work struct {
	testing.TB
	dir, bare string
	mirror    *git.Mirror
	builder   *render.Builder
	branch    string
	commits   int
}

// newWork begins with a shop: a base with a Deployment, an overlay each for staging and prod, and settings that are generated.
func newWork(t testing.TB) *work {
	t.Helper()
	w := &work{TB: t, bare: filepath.Join(t.TempDir(), "shop.git")}
	w.run("", "init", "-q", "--bare", "-b", "main", w.bare)
	w.begin(w.bare, "file://"+w.bare, git.Auth{})
	return w
}

// begin clones an empty repository from where people reach it, fills it, and mirrors it from where Assay does.
func (w *work) begin(people, assay string, auth git.Auth) {
	w.Helper()
	w.dir, w.builder, w.branch = filepath.Join(w.TempDir(), "clone"), render.NewBuilder([]byte("key")), "main"
	w.run("", "clone", "-q", people, w.dir)
	w.git("checkout", "-q", "-b", "main")
	w.write(map[string]string{
		"base/kustomization.yaml":             "resources: [web.yaml]\n",
		"base/web.yaml":                       deployment,
		"overlays/staging/kustomization.yaml": "namespace: staging\nresources: [../../base]\nconfigMapGenerator:\n- name: shop\n  literals: [mode=staging]\ngeneratorOptions: {disableNameSuffixHash: true}\n",
		"overlays/prod/kustomization.yaml":    "namespace: prod\nresources: [../../base]\nimages:\n- {name: web, newTag: 1.0.0}\n",
		"README.md":                           "A shop.\n",
	})
	w.commit("Begin")
	var err error
	w.mirror, err = git.OpenMirror(filepath.Join(w.TempDir(), "mirror"), assay, auth)
	require.NoError(w, err)
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: web
        resources:
          limits:
            memory: 128Mi
        env:
        - name: LOG
          value: info
`

func (w *work) run(dir string, args ...string) string {
	w.Helper()
	return gittest.Run(w, dir, args...)
}

// git runs git in the clone, as Ana at a time that moves on.
func (w *work) git(args ...string) string {
	w.Helper()
	w.commits++
	at := start.Add(time.Duration(w.commits) * time.Minute).Format(time.RFC3339)
	cmd := gittest.Command(w.dir, args...)
	cmd.Env = append(cmd.Env, "GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com", "GIT_AUTHOR_DATE="+at,
		"GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com", "GIT_COMMITTER_DATE="+at)
	return strings.TrimSpace(gittest.Output(w, cmd))
}

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// write puts files; empty content removes one.
func (w *work) write(files map[string]string) {
	w.Helper()
	for name, content := range files {
		path := filepath.Join(w.dir, filepath.FromSlash(name))
		if content == "" {
			require.NoError(w, os.Remove(path))
			continue
		}
		require.NoError(w, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(w, os.WriteFile(path, []byte(content), 0o644))
	}
}

// edit replaces text in a file, which must be there.
func (w *work) edit(name, old, now string) {
	w.Helper()
	path := filepath.Join(w.dir, filepath.FromSlash(name))
	content, err := os.ReadFile(path)
	require.NoError(w, err)
	require.Contains(w, string(content), old)
	require.NoError(w, os.WriteFile(path, []byte(strings.Replace(string(content), old, now, 1)), 0o644))
}

// commit commits and pushes what is there, and returns the commit.
func (w *work) commit(message string) git.Hash {
	w.Helper()
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", message)
	return w.push()
}

func (w *work) push() git.Hash {
	w.Helper()
	w.git("push", "-q", "origin", "HEAD")
	return w.hash("HEAD")
}

func (w *work) hash(rev string) git.Hash {
	w.Helper()
	h, err := git.ParseHash(w.run(w.dir, "rev-parse", rev))
	require.NoError(w, err)
	return h
}

// head is where the branch is at the remote, as the mirror sees it.
func (w *work) head() git.Hash {
	w.Helper()
	h, _, err := w.mirror.Refresh(context.Background(), w.branch)
	require.NoError(w, err)
	return h
}

func target(name string) sync.Target {
	return sync.Target{Cluster: "test", Kind: "Kustomization", Namespace: "flux-system", Name: name}
}

func overlay(name string) rollback.Build {
	return rollback.Build{Target: target(name), Path: "overlays/" + name}
}
