package wire

import (
	"crypto/hmac"
	"crypto/sha256"
	"log/slog"
	"path/filepath"

	"github.com/assay-dev/assay/reconciler/runner"
	runners "github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes"
	"github.com/assay-dev/assay/reconciler/runner/resource"
	"github.com/assay-dev/assay/reconciler/runner/services"
	"github.com/assay-dev/assay/sources/render"
)

// Pods says how Suites run in a cluster.
type Pods struct {
	// Image is Assay's own, and URL where pods reach it. Without both, commands run as processes.
	Image, URL string
	// Namespace is where runs take place, unless an Environment has its own.
	Namespace string
	Rules     kubernetes.Rules
}

// runners are the ways in which Suites run: as processes of this machine, and in the cluster, where there is one.
func (a *Assay) runners(s Settings, data string, key []byte, builder *render.Builder) (runner.Runner, error) {
	if a.cluster == nil {
		return a.Process, nil
	}
	pods := s.Cluster.Pods
	namespaces, inPods := runners.Namespaces{Default: pods.Namespace, Own: map[string]string{}}, map[string]bool{}
	for _, env := range s.Environments {
		namespaces.Own[env.Name], inPods[env.Name] = env.RunNamespace, env.InPods
	}
	routes := runner.Routes{Process: a.Process, InPods: func(job runner.Job) bool { return inPods[job.Environment] }}
	var err error
	routes.Resource, err = resource.New(resource.Options{
		Client: a.cluster.objects, Discovery: a.cluster.discovery, Namespaces: namespaces, Log: s.Log,
	})
	if err != nil {
		return nil, err
	}
	if pods.Image != "" && pods.URL != "" {
		a.Pods, err = kubernetes.New(a.cluster.typed, kubernetes.Options{
			Dir: filepath.Join(data, "pods"), Key: tokenKey(key), URL: pods.URL, Image: pods.Image,
			Namespaces: namespaces, Rules: pods.Rules, Services: kubernetes.Sidecars, Log: s.Log,
		})
		if err != nil {
			return nil, err
		}
		routes.Pods = a.Pods
	}
	return services.New(routes, services.Options{
		Client: a.cluster.objects, Discovery: a.cluster.discovery, Builder: builder, Log: orDiscard(s.Log),
	})
}

// tokenKey is what the tokens of pods are made with: another key than that of digests, which all replicas know as well.
func tokenKey(key []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("tokens of pods"))
	return mac.Sum(nil)
}

func orDiscard(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
