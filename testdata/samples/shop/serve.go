package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// manifestLimit bounds what may be deployed, in bytes.
const manifestLimit = 4 << 20

// service is one of the shop's, with what is live in it.
type service struct {
	name string
	// start makes the service's handler out of its settings, or says what is wrong with them.
	start func(settings settings) (http.Handler, error)
	live  atomic.Pointer[release]
}

// release is one revision of the configuration, at work.
type release struct {
	revision string
	handler  http.Handler
}

func serve(args []string) error {
	flags := flag.NewFlagSet("shop serve", flag.ContinueOnError)
	name := flags.String("service", "", "catalog or checkout")
	listen := flags.String("listen", "127.0.0.1:0", "address")
	catalog := flags.String("catalog", "", "where checkout finds the catalog; default: CATALOG_URL of its settings")
	if err := flags.Parse(args); err != nil {
		return err
	}
	s := &service{name: *name}
	switch *name {
	case "catalog":
		s.start = newCatalog
	case "checkout":
		s.start = func(settings settings) (http.Handler, error) { return newCheckout(settings, *catalog) }
	default:
		return fmt.Errorf("there is no service %q: it is catalog or checkout", *name)
	}
	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr()) // whoever started it on port 0 reads where it is
	server := http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	return server.Serve(listener)
}

// ServeHTTP answers what every service answers, and leaves the rest to the release that is live.
func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	live := s.live.Load()
	switch {
	case r.Method == http.MethodPut && r.URL.Path == "/deployment":
		s.deploy(w, r)
	case live == nil:
		http.Error(w, s.name+" waits for its first deployment", http.StatusServiceUnavailable)
	case r.URL.Path == "/version":
		answer(w, map[string]string{"service": s.name, "revision": live.revision})
	case r.URL.Path == "/healthz":
		fmt.Fprintln(w, "ok")
	default:
		live.handler.ServeHTTP(w, r)
	}
}

// deploy replaces the live release at once, or not at all.
func (s *service) deploy(w http.ResponseWriter, r *http.Request) {
	manifests, err := io.ReadAll(http.MaxBytesReader(w, r.Body, manifestLimit))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	settings, err := settingsOf(manifests, s.name)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	handler, err := s.start(settings)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	revision := r.URL.Query().Get("revision")
	s.live.Store(&release{revision: revision, handler: handler})
	fmt.Fprintf(w, "%s is at %s\n", s.name, revision)
}

func answer(w http.ResponseWriter, document any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // the client has gone away: nobody is left to tell
}
