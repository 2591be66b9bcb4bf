//go:build e2e

package e2e

import (
	"bytes"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/assay-dev/assay/testdata/stack"
)

// assay is `assay run` as a process of this machine. Its data and its addresses stay when it is started again.
type assay struct {
	t        *testing.T
	binary   string
	dir      string
	settings map[string]string
	health   string
	cmd      *exec.Cmd
	ended    chan struct{} // nil when it does not run
}

// newAssay does not start it. What it prints is shown when the test fails.
func newAssay(t *testing.T, p *place, settings map[string]string) *assay {
	t.Helper()
	a := &assay{t: t, binary: p.binary, dir: t.TempDir(), settings: map[string]string{}}
	health, err := stack.FreeAddress("127.0.0.1")
	require.NoError(t, err)
	addr, err := stack.FreeAddress(p.BridgeAddress())
	require.NoError(t, err)
	a.health = "http://" + health + "/readyz"
	maps.Copy(a.settings, map[string]string{
		"HOME": a.dir, "TMPDIR": a.dir, "PATH": os.Getenv("PATH"),
		"ASSAY_DATA_DIR": a.data(), "ASSAY_KUBECONFIG": a.kubeconfig(p.ConfigFor(t, "assay-system", "assay")),
		"ASSAY_ADDR": addr, "ASSAY_HEALTH_ADDR": health, "ASSAY_RUN_URL": "http://" + addr, "ASSAY_RUN_IMAGE": p.image,
		"ASSAY_MAX_PARALLEL": "4", "ASSAY_PROPOSAL_INTERVAL": "1s", "ASSAY_LOG_LEVEL": "debug",
	})
	maps.Copy(a.settings, settings)
	t.Cleanup(func() {
		a.kill()
		if log, err := os.ReadFile(a.log()); err == nil && t.Failed() {
			t.Logf("Assay said:\n%s", log)
		}
	})
	return a
}

// data is the folder with its history.
func (a *assay) data() string { return filepath.Join(a.dir, "data") }
func (a *assay) log() string  { return filepath.Join(a.dir, "log") }

// kubeconfig makes a file for a client of the cluster.
func (a *assay) kubeconfig(who *rest.Config) string {
	a.t.Helper()
	config := api.NewConfig()
	config.Clusters["stack"] = &api.Cluster{Server: who.Host, CertificateAuthorityData: who.CAData}
	config.AuthInfos["assay"] = &api.AuthInfo{Token: who.BearerToken}
	config.Contexts["stack"] = &api.Context{Cluster: "stack", AuthInfo: "assay"}
	config.CurrentContext = "stack"
	file := filepath.Join(a.dir, "kubeconfig")
	require.NoError(a.t, clientcmd.WriteToFile(*config, file))
	return file
}

// start returns when it is ready. It dies with the tests.
func (a *assay) start() {
	a.t.Helper()
	log, err := os.OpenFile(a.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(a.t, err)
	defer log.Close()
	a.cmd = exec.Command(a.binary, "run")
	a.cmd.Stdout, a.cmd.Stderr = log, log
	for _, name := range slices.Sorted(maps.Keys(a.settings)) {
		a.cmd.Env = append(a.cmd.Env, name+"="+a.settings[name])
	}
	a.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(a.t, a.cmd.Start())
	a.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // how it ended stands in cmd.ProcessState
		close(ended)
	}(a.cmd, a.ended)
	require.Eventually(a.t, a.ready, patience, interval, "Assay to be ready")
}

// ready is what the kubelet asks.
func (a *assay) ready() bool {
	response, err := http.Get(a.health)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// running tells whether it was started and has not ended.
func (a *assay) running() bool {
	if a.ended == nil {
		return false
	}
	select {
	case <-a.ended:
		return false
	default:
		return true
	}
}

// stop has it end in order, and fails when it does not.
func (a *assay) stop() {
	a.t.Helper()
	require.NoError(a.t, a.cmd.Process.Signal(syscall.SIGTERM))
	<-a.ended
	require.True(a.t, a.cmd.ProcessState.Success(), "%v", a.cmd.ProcessState)
	a.ended = nil
}

// kill ends it with -9, where it runs.
func (a *assay) kill() {
	if a.ended == nil {
		return
	}
	_ = a.cmd.Process.Kill() // it may have ended already
	<-a.ended
	a.ended = nil
}

// says tells whether its log holds these words.
func (a *assay) says(words string) bool {
	log, err := os.ReadFile(a.log())
	return err == nil && bytes.Contains(log, []byte(words))
}
