package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
)

// checkTimeout is how long one Check may take: probes give up after a few seconds themselves.
const checkTimeout = 4 * time.Second

// Check is one thing that must hold. Its name is told to whoever asks, its error only to the log.
type Check struct {
	Name  string
	Holds func(ctx context.Context) error
}

// health answers whether all Checks hold, and names those that do not.
type health struct {
	endpoint string
	checks   []Check
	log      *slog.Logger

	mu     sync.Mutex
	failed map[string]bool // as it was told last
}

func newHealth(endpoint string, checks []Check, log *slog.Logger) *health {
	return &health{endpoint: endpoint, checks: checks, log: log, failed: map[string]bool{}}
}

// ServeHTTP implements http.Handler. It answers 200, or 503 when a Check fails, in the form that Kubernetes' own components use.
func (h *health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	errs := make([]error, len(h.checks))
	var wait sync.WaitGroup
	for i, check := range h.checks {
		wait.Go(func() { errs[i] = check.Holds(ctx) })
	}
	wait.Wait()
	status := http.StatusOK
	var text strings.Builder
	for i, check := range h.checks {
		sign, rest := "+", "ok"
		if errs[i] != nil {
			sign, rest, status = "-", "failed: see the log", http.StatusServiceUnavailable
		}
		fmt.Fprintf(&text, "[%s]%s %s\n", sign, check.Name, rest)
		h.note(check.Name, errs[i])
	}
	if status == http.StatusOK {
		fmt.Fprintf(&text, "%s check passed\n", h.endpoint)
	} else {
		fmt.Fprintf(&text, "%s check failed\n", h.endpoint)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text.String())) // whoever asked may be gone
}

// note logs that a Check began to fail, or holds again.
func (h *health) note(name string, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch before := h.failed[name]; {
	case err != nil && !before:
		h.log.Error("a health check fails", "endpoint", h.endpoint, "check", name, "error", err)
	case err == nil && before:
		h.log.Info("a health check holds again", "endpoint", h.endpoint, "check", name)
	}
	h.failed[name] = err != nil
}
