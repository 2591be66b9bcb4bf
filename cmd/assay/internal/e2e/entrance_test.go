//go:build e2e

package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"testing"

	"github.com/stretchr/testify/require"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// newEntrance is the way to the Services of a place, which have no addresses there: /NAMESPACE/SERVICE/PATH is asked of one of the pods
// that are ready, as an ingress controller does.
func newEntrance(t *testing.T, p *place) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/{namespace}/{service}/{path...}", func(w http.ResponseWriter, r *http.Request) {
		host, err := p.endpoint(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		proxy := httputil.ReverseProxy{Rewrite: func(to *httputil.ProxyRequest) {
			to.Out.URL.Scheme, to.Out.URL.Host, to.Out.URL.Path = "http", host, "/"+r.PathValue("path")
		}}
		proxy.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", net.JoinHostPort(p.BridgeAddress(), "0"))
	require.NoError(t, err)
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	server.Start()
	return server
}

// endpoint is the address of a pod that serves.
func (p *place) endpoint(r *http.Request) (string, error) {
	slices, err := p.client.DiscoveryV1().EndpointSlices(r.PathValue("namespace")).List(r.Context(), metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + r.PathValue("service"),
	})
	if err != nil {
		return "", err
	}
	var ready []string
	for _, slice := range slices.Items {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready != nil && *e.Conditions.Ready {
				ready = append(ready, net.JoinHostPort(e.Addresses[0], fmt.Sprint(*slice.Ports[0].Port)))
			}
		}
	}
	if len(ready) == 0 {
		return "", fmt.Errorf("no pod of %s is ready", r.PathValue("service"))
	}
	return ready[rand.IntN(len(ready))], nil
}
