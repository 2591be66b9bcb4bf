package wire

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"
)

// startingServer is an API server that is reached once it is up, and serves nothing but what it is.
type startingServer struct{ up time.Time }

func (s startingServer) RoundTrip(request *http.Request) (*http.Response, error) {
	if time.Now().Before(s.up) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	answer := httptest.NewRecorder()
	answer.Header().Set("Content-Type", "application/json")
	switch request.URL.Path {
	case "/version":
		answer.WriteString(`{"gitVersion": "v1.36.0"}`)
	case "/api":
		answer.WriteString(`{"kind": "APIVersions", "versions": []}`)
	default:
		answer.WriteString(`{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}`)
	}
	return answer.Result(), nil
}

func TestAnAPIServerThatIsAwayAtStartIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := func(away time.Duration) (*cluster, error) {
			config := &rest.Config{Host: "https://kubernetes.example.com", Transport: startingServer{time.Now().Add(away)}}
			return openCluster(t.Context(), &Cluster{Config: config}, nil, nil, slog.New(slog.DiscardHandler))
		}
		opened, err := open(Patience / 2)
		require.NoError(t, err)
		ended, end := context.WithCancel(t.Context())
		end()
		opened.run(ended) // what was made in vain ends

		began := time.Now()
		_, err = open(2 * Patience)
		require.ErrorContains(t, err, "cluster: ask for its version, which charts may depend on")
		require.Equal(t, Patience, time.Since(began))
	})
}
