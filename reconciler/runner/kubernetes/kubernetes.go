package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"

	clients "k8s.io/client-go/kubernetes"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
)

// Runner runs Jobs of the loop as Jobs of a cluster. Close it at the end.
type Runner struct {
	options Options
	client  clients.Interface
	server  *courier.Server
	watch   *watch

	mu        sync.Mutex
	running   map[string]bool // by the ID of the Run
	sweeping  context.CancelFunc
	sweepDone chan struct{}
}

var _ runner.Runner = (*Runner)(nil)

// New returns a Runner that watches nothing before Recover. The client is not limited by this package.
func New(client clients.Interface, options Options) (*Runner, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	r := &Runner{options: options, client: client, running: map[string]bool{}}
	if r.server, err = courier.NewServer(options.Key, options.Dir, options.Now); err != nil {
		return nil, fmt.Errorf("kubernetes runner: %w", err)
	}
	if r.watch, err = newWatch(client, options); err != nil {
		return nil, fmt.Errorf("kubernetes runner: %w", err)
	}
	return r, nil
}

// Handler serves pods, below /runs/. Until a Run is asked for here, its pod is told to ask again.
func (r *Runner) Handler() http.Handler { return r.server }

// Close ends the watch. Runs must have ended.
func (r *Runner) Close() error {
	r.mu.Lock()
	stop, done := r.sweeping, r.sweepDone
	r.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
	r.watch.stop()
	return nil
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// begin makes sure that one Run is at one thing at a time.
func (r *Runner) begin(id string) error {
	if !idPattern.MatchString(id) {
		return fmt.Errorf("job %q: an ID is letters, digits, dots, dashes and underscores, at most 200", id)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running[id] {
		return errors.New("it is running")
	}
	r.running[id] = true
	return nil
}

func (r *Runner) end(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.running, id)
}

func (r *Runner) isRunning(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.running[id]
}

// Forget deletes the Job of a Run, and with it its pod and its Secret, and removes what it delivered.
func (r *Runner) Forget(ctx context.Context, id string) error {
	if err := r.begin(id); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	defer r.end(id)
	errs := []error{r.server.Forget(id)}
	for _, namespace := range r.options.Namespaces.All() {
		if job := r.watch.job(namespace, objectName(id)); job != nil {
			errs = append(errs, r.delete(ctx, job, inBackground))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	return nil
}

// Isolation says what keeps runs apart in a cluster.
func (r *Runner) Isolation() (text string, isolated bool) {
	text = "runs are isolated: each is a pod of its own in a namespace for runs, without root, capabilities or Assay's credentials, " +
		"as the restricted Pod Security Standard has it; what the network and the nodes let a pod reach is up to the cluster's policies"
	if r.options.Rules.Root {
		text += " (Suites may run as user id 0)"
	}
	return text, true
}
