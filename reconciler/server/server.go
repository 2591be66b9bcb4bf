package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Where Assay listens unless the operator says otherwise. The first two are Flux's.
const (
	DefaultMetricsAddr = ":8080"
	DefaultHealthAddr  = ":9440"
	DefaultAddr        = ":9292"
)

// Off in place of an address has nothing listen.
const Off = "0"

// The bounds of every listener.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10 // bytes
	// grace is how long requests under way have when the server stops.
	grace = 15 * time.Second
)

// Options say what is served where. An empty address or Off serves nothing there.
type Options struct {
	Addr, MetricsAddr, HealthAddr string
	// CertFile and KeyFile, when given, hold the certificate and the key of Addr, in PEM.
	CertFile, KeyFile string
	// Routes of Addr, by pattern, as http.ServeMux takes them. They bound what they read themselves: a pod's log has no end that is known.
	Routes map[string]http.Handler
	// Metrics answers /metrics.
	Metrics http.Handler
	// Alive are the checks of /healthz, Ready those of /readyz.
	Alive, Ready []Check
	Log          *slog.Logger
}

// Server listens from the moment it was made, and answers while it runs.
type Server struct {
	log       *slog.Logger
	listeners []listening
}

type listening struct {
	name   string
	at     net.Listener
	server *http.Server
}

// New listens. An error names the address that cannot be had, or the certificate that cannot be read.
func New(o Options) (*Server, error) {
	s := &Server{log: o.Log}
	health, metrics, routes := http.NewServeMux(), http.NewServeMux(), http.NewServeMux()
	health.Handle("GET /healthz", newHealth("healthz", o.Alive, o.Log))
	health.Handle("GET /readyz", newHealth("readyz", o.Ready, o.Log))
	if o.Metrics != nil {
		metrics.Handle("GET /metrics", o.Metrics)
	}
	for pattern, handler := range o.Routes {
		routes.Handle(pattern, handler)
	}
	var secure *tls.Config
	if o.CertFile != "" || o.KeyFile != "" {
		var err error
		if secure, err = serveTLS(o.CertFile, o.KeyFile, o.Log); err != nil {
			return nil, err
		}
	}
	for _, l := range []struct {
		name, addr string
		handler    http.Handler
		secure     *tls.Config
		timeout    time.Duration
	}{
		{"health", o.HealthAddr, health, nil, time.Minute},
		{"metrics", o.MetricsAddr, metrics, nil, time.Minute},
		{"webhooks and runs", o.Addr, routes, secure, 0},
	} {
		if l.addr == "" || l.addr == Off {
			continue
		}
		at, err := net.Listen("tcp", l.addr)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("listen for %s: %w", l.name, err), s.close())
		}
		if l.secure != nil {
			at = tls.NewListener(at, l.secure)
		}
		s.listeners = append(s.listeners, listening{l.name, at, &http.Server{
			Handler: l.handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
			ReadTimeout: l.timeout, WriteTimeout: l.timeout, ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelWarn),
		}})
	}
	return s, nil
}

// Run serves until ctx ends, and then lets requests under way come to their end for a while.
func (s *Server) Run(ctx context.Context) error {
	var wait sync.WaitGroup
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		s.log.Info("listening", "for", l.name, "address", l.at.Addr().String())
		wait.Go(func() {
			if err := l.server.Serve(l.at); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("serve %s: %w", l.name, err)
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.shutdown()
	wait.Wait()
	return err
}

// shutdown ends what is served, gracefully where it ends in time.
func (s *Server) shutdown() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var wait sync.WaitGroup
	for _, l := range s.listeners {
		wait.Go(func() {
			if err := l.server.Shutdown(ctx); err != nil {
				s.log.Warn("requests were cut off", "for", l.name, "error", err)
				l.server.Close()
			}
		})
	}
	wait.Wait()
}

// close gives up listeners that never served.
func (s *Server) close() error {
	var errs []error
	for _, l := range s.listeners {
		errs = append(errs, l.at.Close())
	}
	return errors.Join(errs...)
}
