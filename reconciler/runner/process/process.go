// Package process runs Suites as processes of the machine that Assay runs on. In goes a Job; the Suite's files are copied into a
// directory of the Run's own, its command runs there with an environment that holds what is declared and nothing else, and out comes
// what it printed and the report files and artifacts that it left.
//
// A Run is kept from Assay, from other Runs and from the user's files as well as the system allows; Isolation says how well that is.
// When a Run ends, by itself or not, every process that it started ends with it. When Assay dies, its Runs die.
//
// The cache directory of an Environment (XDG_CACHE_HOME) is shared by its Runs and by nobody else: whoever may push tests to an
// Environment may change what its next Runs find there. The network is not cut off: tests need it.
//
// What it never does: judge a Run, hand a Run anything from Assay's own environment, or follow a link out of a Run's directory.
//
// A program that uses it calls Main first thing in its main function (and in TestMain): each Run is started through the same binary.
package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/assay-dev/assay/reconciler/runner"
)

// Options are the operator's. Only Dir is needed.
type Options struct {
	// Dir is where Runs work and caches are kept. It belongs to one Assay at a time, and is created when absent.
	Dir string
	// Cache is where the Environments' caches are kept. Default: cache in Dir.
	Cache string
	// Secrets resolves env[].valueFrom.secretKeyRef. Without it there are no secrets.
	Secrets SecretSource
	// Path are directories of programs, searched before the system's.
	Path []string
	// Hide are paths that no Run may see, besides the usual ones (homes, /run/secrets, container sockets), Dir, and the places of
	// Secrets. Assay's data belongs here.
	Hide []string
	// Show are paths that Runs may read although they lie in a hidden one, such as tools in a home directory.
	Show []string
	// Isolation is how Runs are kept apart. Default: the best that works here.
	Isolation Level
	// Users are the user ids that Runs are given, one at a time each, where Assay is root.
	Users UserRange
	// Limits of each Run.
	Limits Limits
	// MaxOutput is how many bytes of what a Run prints are kept. Default 1 MiB.
	MaxOutput int
	// DefaultTimeout of a Suite that names none. Default 10m.
	DefaultTimeout time.Duration
	// Grace is the time between SIGTERM and SIGKILL. Default 5s.
	Grace time.Duration
}

// UserRange is Count user ids from First on.
type UserRange struct{ First, Count int }

// Limits of a Run. Zero is the default.
type Limits struct {
	// Memory in bytes of a whole Run; a Suite may ask for less, not for more. Default: no limit but the Suite's.
	Memory int64
	// Processes and threads. Default 4096. Only where Runs have a user id or namespace of their own.
	Processes uint64
	// OpenFiles per process. Default 65536.
	OpenFiles uint64
	// FileSize in bytes, of each file that is written. Default 4 GiB.
	FileSize uint64
	// Report and Artifact are the largest file in bytes that is kept. Defaults 64 MiB and 256 MiB.
	Report, Artifact int64
	// Files is how many reports, and how many artifacts, are kept. Default 1000.
	Files int
}

func (o Options) withDefaults() Options {
	o.Cache = cmp.Or(o.Cache, filepath.Join(o.Dir, "cache"))
	o.Users = cmp.Or(o.Users, UserRange{First: 60706, Count: 478}) // what systemd leaves unused between its own ranges
	o.MaxOutput = cmp.Or(o.MaxOutput, 1<<20)
	o.DefaultTimeout = cmp.Or(o.DefaultTimeout, 10*time.Minute)
	o.Grace = cmp.Or(o.Grace, 5*time.Second)
	o.Limits.Processes = cmp.Or(o.Limits.Processes, 4096)
	o.Limits.OpenFiles = cmp.Or(o.Limits.OpenFiles, 65536)
	o.Limits.FileSize = cmp.Or(o.Limits.FileSize, 4<<30)
	o.Limits.Report = cmp.Or(o.Limits.Report, 64<<20)
	o.Limits.Artifact = cmp.Or(o.Limits.Artifact, 256<<20)
	o.Limits.Files = cmp.Or(o.Limits.Files, 1000)
	if o.Secrets == nil {
		o.Secrets = SecretDirs(nil)
	}
	return o
}

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
