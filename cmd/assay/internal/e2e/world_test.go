//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// How long a story waits for one thing, and between two looks at it.
const (
	patience = 2 * time.Minute
	interval = 200 * time.Millisecond
)

// world is what one story has to itself: for each Environment a namespace with the shop in it, a namespace for Runs, a config repository, a
// test repository, and an Assay.
type world struct {
	*place
	t      *testing.T
	name   string
	engine engine
	envs   []string
	config *repository
	tests  *repository
	opened string // the first commit of config, which is good
	assay  *assay
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// newWorld makes a world in which the engine begins to sync the first commit, and Assay does not run yet. Without any
// Environments there is staging.
func newWorld(t *testing.T, p *place, e engine, envs ...string) *world {
	t.Helper()
	if len(envs) == 0 {
		envs = []string{"staging"}
	}
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(strings.TrimPrefix(t.Name(), "TestReal")), "-"), "-")
	w := &world{place: p, t: t, name: name, engine: e, envs: envs}
	w.config, w.tests = p.newRepository(t, name+"-config"), p.newRepository(t, name+"-tests")
	w.opened = w.config.push("Open the shop", shopFiles(w))
	w.tests.push("Test the shop", testFiles(w))
	w.Apply(t, strings.ReplaceAll(w.Kubectl(t, "kustomize", filepath.Join(root, "manifests", "base", "runs")), "assay-runs", w.runs()))
	for _, env := range envs {
		w.Apply(t, fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", w.namespace(env)))
		w.Apply(t, e.objects(w, env))
	}
	w.assay = newAssay(t, p, w.settings())
	t.Cleanup(w.close)
	return w
}

// close leaves the place to the other stories: with its namespaces goes everything that an engine looks at.
func (w *world) close() {
	if w.t.Failed() {
		w.describe()
	}
	for _, namespace := range w.namespaces() {
		if err := w.client.CoreV1().Namespaces().Delete(context.WithoutCancel(w.t.Context()), namespace, metav1.DeleteOptions{}); err != nil {
			w.t.Error(err)
		}
	}
}

// describe shows what a failed story has left in the cluster.
func (w *world) describe() {
	for _, namespace := range w.namespaces() {
		for _, args := range [][]string{{"get", "all,events"}, {"get", w.engine.resource, "--output=yaml"}} {
			out, _ := exec.Command(filepath.Join(root, "bin", "kubectl"), append(args, "--kubeconfig="+w.Kubeconfig, "--namespace="+namespace)...).CombinedOutput()
			w.t.Logf("kubectl %v in %s:\n%s", args, namespace, out)
		}
	}
}

// runs is the namespace of Runs.
func (w *world) runs() string { return w.name + "-runs" }

// namespace is where an Environment's shop is, and what the engine has been told of it.
func (w *world) namespace(env string) string { return w.name + "-" + env }

func (w *world) namespaces() []string {
	all := []string{w.runs()}
	for _, env := range w.envs {
		all = append(all, w.namespace(env))
	}
	return all
}

// settings of Assay for this world.
func (w *world) settings() map[string]string {
	credentials := w.t.TempDir()
	for name, text := range map[string]string{"username": w.bot, "password": w.token} {
		require.NoError(w.t, os.WriteFile(filepath.Join(credentials, name), []byte(text), 0o600))
	}
	all := map[string]string{"ASSAY_ENVIRONMENTS": strings.Join(w.envs, ",")}
	for _, env := range w.envs {
		for name, value := range map[string]string{
			"TESTS_URL": w.tests.url, "TESTS_CREDENTIALS": credentials, "TESTS_INTERVAL": "1s",
			"CONFIG_REPOSITORIES": w.config.url, "CONFIG_CREDENTIALS": credentials, "CONFIG_PROVIDER": "gitea",
			"TARGET_NAMESPACES": w.namespace(env), "RUN_NAMESPACE": w.runs(),
		} {
			all["ASSAY_"+strings.ToUpper(env)+"_"+name] = value
		}
	}
	return all
}

// deploy has a person push files to the config repository and the engine look at once, as a webhook would have it. It returns the commit.
func (w *world) deploy(message string, files map[string]string) string {
	w.t.Helper()
	commit := w.config.push(message, files)
	w.look()
	return commit
}

// look has the engine look at the config repository now.
func (w *world) look() {
	w.t.Helper()
	for _, env := range w.envs {
		w.engine.look(w, env)
	}
}
