//go:build linux || darwin

package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Runner runs Jobs as processes. Close it at the end.
type Runner struct {
	options Options
	runs    string // directory with one directory for each Run
	lock    *os.File
	users   *users
	level   Level
	refused []string // why better levels do not work here

	mu      sync.Mutex
	running map[string]bool
	caches  sync.Mutex // held while one is created
}

var _ runner.Runner = (*Runner)(nil)

// New prepares the directory and finds out, by trying, how well Runs can be isolated. It fails where the directory belongs to another
// Assay, or where the Isolation that is asked for does not work.
func New(ctx context.Context, options Options) (*Runner, error) {
	if os.Getenv(shimMark) != "" {
		return nil, errors.New("this program must call process.Main first thing in its main function")
	}
	dir, err := resolved(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("runner directory: %w", err)
	}
	options.Dir = dir
	options = options.withDefaults()
	if options.Cache, err = resolved(options.Cache); err != nil {
		return nil, fmt.Errorf("cache directory: %w", err)
	}
	r := &Runner{options: options, runs: filepath.Join(dir, "runs"), users: newUsers(options.Users), running: map[string]bool{}}
	if err := passage(r.runs); err != nil {
		return nil, fmt.Errorf("runner directory: %w", err)
	}
	if r.lock, err = lockDir(dir); err != nil {
		return nil, err
	}
	if err := r.chooseLevel(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close gives up the directory. Runs must have ended.
func (r *Runner) Close() error { return r.lock.Close() }

// resolved creates a directory and returns its path without symbolic links, as a mount namespace needs it.
func resolved(dir string) (string, error) {
	if dir == "" {
		return "", errors.New("no path is given")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return "", err
	}
	return filepath.EvalSymlinks(dir)
}

// passage creates a directory that others may pass through, as Runs with a user id of their own must, and not list.
func passage(dir string) error {
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	return os.Chmod(dir, 0o711) // whatever the umask
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$`)

// room is the directory of one Run. Only box is the Run's own; the rest is Assay's.
type room struct{ dir string }

func (r *Runner) room(id string) (room, error) {
	if !idPattern.MatchString(id) {
		return room{}, fmt.Errorf("job %q: an ID is letters, digits, dots, dashes and underscores, at most 200", id)
	}
	return room{filepath.Join(r.runs, id)}, nil
}

func (r room) box() string     { return filepath.Join(r.dir, "box") }
func (r room) work() string    { return filepath.Join(r.dir, "box", "work") }
func (r room) home() string    { return filepath.Join(r.dir, "box", "home") }
func (r room) tmp() string     { return filepath.Join(r.dir, "box", "tmp") }
func (r room) script() string  { return filepath.Join(r.dir, "box", "script") }
func (r room) inputs() string  { return filepath.Join(r.dir, "box", "inputs") }
func (r room) kept() string    { return filepath.Join(r.dir, "kept") }
func (r room) journal() string { return filepath.Join(r.dir, "journal.json") }

func (r room) input(variable string) string { return filepath.Join(r.inputs(), variable) }

// Forget removes what a Run left.
func (r *Runner) Forget(_ context.Context, id string) error {
	room, err := r.room(id)
	if err != nil {
		return err
	}
	if err := r.begin(id); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	defer r.end(id)
	if err := removeAll(room.dir); err != nil {
		return fmt.Errorf("forget run %s: %w", id, err)
	}
	return nil
}

func (r *Runner) begin(id string) error {
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

// Isolation says in one line how Runs are kept from Assay's own files and processes, and whether they are.
func (r *Runner) Isolation() (text string, isolated bool) {
	text, isolated = r.level.describe()
	if r.level == OwnUser {
		if open := readableByOthers(r.own()); open != "" {
			isolated = false
			text = fmt.Sprintf("runs have a user id of their own, and can still read %s: remove others' permissions from it (chmod o-rwx)", open)
		}
	}
	if len(r.refused) > 0 {
		text += " (" + strings.Join(r.refused, "; ") + ")"
	}
	return text, isolated
}
