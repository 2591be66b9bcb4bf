package kubernetes

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
)

// begin runs a Job until its log shows a text.
func begin(ctx context.Context, t *testing.T, r *Runner, job runner.Job, text string) <-chan runner.Result {
	t.Helper()
	log := &seen{want: text, found: make(chan struct{})}
	job.Log = log
	results := make(chan runner.Result, 1)
	go func() {
		result, err := r.Run(ctx, job)
		if err != nil {
			result.Reason = err.Error()
		}
		results <- result
	}()
	select {
	case <-log.found:
	case result := <-results:
		t.Fatalf("it ended before it printed %q: %s %s", text, result.End, result.Reason)
	case <-time.After(time.Minute):
		t.Fatalf("it does not print %q", text)
	}
	return results
}

// seen is a log that keeps what it sees, and tells when that holds a text that is wanted.
type seen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	want  string // empty when nothing is
	found chan struct{}
}

func (s *seen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text.Write(b)
	if s.want != "" && bytes.Contains(s.text.Bytes(), []byte(s.want)) {
		s.want = ""
		close(s.found)
	}
	return len(b), nil
}

func (s *seen) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Len()
}
