// Package pod is what runs inside the pod of a Run, in two steps: Fetch, in the init container, brings the wrapper and the Suite's files;
// Run, in the container of any image, runs the Suite's command as the process runner does, sends what it prints and what it leaves to
// Assay, and keeps its exit code. The image needs no shell and no tool of Assay's.
//
// What the command prints goes to the container's own output too, so that kubectl logs shows it, and secrets go nowhere: the wrapper has
// their values in its environment, and covers them before anything leaves the pod.
//
// The command gets the environment of the image and what the Suite declares, and never the Run's token. It runs as the wrapper's own user;
// the kernel keeps it from reading the wrapper's memory and environment all the same, and from killing the container's first process,
// which the wrapper is. A wrapper that is killed from outside completes nothing, and its Run is no evidence. Whoever gets hold of the
// token can fetch the Run's own files and forge this one Run's result, as its command can anyway.
package pod

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
)

// The variables that tell the wrapper where it is. What begins with Prefix never reaches the command.
const (
	Prefix = "ASSAY_POD_"
	// URLVariable holds the URL of the Run at Assay, TokenVariable its token, CAVariable the certificates (PEM) that sign Assay's: empty for
	// the system's.
	URLVariable, TokenVariable, CAVariable = Prefix + "URL", Prefix + "TOKEN", Prefix + "CA"
	// DirVariable holds the directory that both steps share.
	DirVariable = Prefix + "DIR"
	// MessageVariable holds the file for the container's last words. Default: Kubernetes' own.
	MessageVariable = Prefix + "MESSAGE"
)

// Dir is where the shared directory lies, which is nowhere in an image of its own; Binary is where Fetch puts the wrapper.
const (
	Dir    = "/run/assay"
	Binary = Dir + "/bin/assay"
)

// fetchTime is how long Fetch waits for an Assay that does not answer.
const fetchTime = 5 * time.Minute

// here is what the environment says.
type here struct {
	dir, message string
	client       *courier.Client
}

func look() (here, error) {
	h := here{dir: os.Getenv(DirVariable), message: os.Getenv(MessageVariable)}
	if h.dir == "" {
		h.dir = Dir
	}
	if h.message == "" {
		h.message = "/dev/termination-log"
	}
	url := os.Getenv(URLVariable)
	if url == "" {
		return h, fmt.Errorf("%s is not set: this command is run by Assay, in the pods that it makes", URLVariable)
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout:   5 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
	}
	if pem := os.Getenv(CAVariable); pem != "" {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(pem)) {
			return h, errors.New("the certificates that sign Assay's are no PEM")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	}
	h.client = &courier.Client{
		URL: url, Token: os.Getenv(TokenVariable), HTTP: &http.Client{Transport: transport}, Away: fetchTime,
	}
	return h, nil
}

func (h here) path(name string) string { return filepath.Join(h.dir, name) }

// say leaves the container's last words, which Kubernetes shows in the pod's status: at most 4096 bytes.
func (h here) say(text string) {
	_ = os.WriteFile(h.message, []byte(text[:min(len(text), 4096)]), 0o600) // what is not kept is on standard error too
}

// imageEnvironment is what the command may see of this process's environment.
func imageEnvironment() (variables []string) {
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, Prefix) {
			variables = append(variables, variable)
		}
	}
	return variables
}
