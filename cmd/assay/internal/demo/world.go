package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/testdata/samples"
)

// Options of a story.
type Options struct {
	// Environment is dev, staging or prod.
	Environment string
	// Overlay of the test repository. Default: overlays/ and the Environment.
	Overlay string
	// Tests are files laid over the sample test repository; nil for none.
	Tests fs.FS
	// Bin holds the shop and the Programs that its Suites use.
	Bin      string
	Programs []string
	// Loop is the command that runs Loop with the settings file that is added to it.
	Loop []string
	// Cache of the runs, which a later story finds warm. Default: in the story's folder.
	Cache string
	// Keep leaves the story's folder as it is.
	Keep bool
	// Interval between two looks at a repository. Default 500ms.
	Interval time.Duration
	// Patience is how long each step may take. Default 2m.
	Patience time.Duration
	// Out is where the story is told; Live says that it is a terminal, Color that it may have colours, Width how many columns it has.
	Out         io.Writer
	Live, Color bool
	Width       int
}

func (o Options) withDefaults() Options {
	if o.Overlay == "" {
		o.Overlay = "overlays/" + o.Environment
	}
	if o.Interval == 0 {
		o.Interval = 500 * time.Millisecond
	}
	if o.Patience == 0 {
		o.Patience = 2 * time.Minute
	}
	if o.Width == 0 {
		o.Width = 80
	}
	return o
}

func (o Options) program(name string) string { return filepath.Join(o.Bin, name) }

// world is what the story plays in: repositories, servers, people's clones, and Assay.
type world struct {
	options  Options
	dir      string
	settings settings
	config   *clone
	tests    *clone
	services []*exec.Cmd
	log      *os.File // of the services and of Assay
	assay    *assay
	history  *history.Store
}

// newWorld makes the world, in which Assay is not yet started.
func newWorld(ctx context.Context, options Options) (*world, error) {
	dir, err := os.MkdirTemp("", "assay-demo-")
	if err != nil {
		return nil, err
	}
	w := &world{options: options, dir: dir}
	if err := w.make(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) path(elem ...string) string {
	return filepath.Join(append([]string{w.dir}, elem...)...)
}

func (w *world) make(ctx context.Context) (err error) {
	if err := os.Chmod(w.dir, 0o711); err != nil { // runs with a user id of their own must pass through it
		return err
	}
	if w.log, err = os.OpenFile(w.path("assay.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	if goTool, err = filepath.EvalSymlinks(goTool); err != nil {
		return err
	}
	cache := w.options.Cache
	if cache == "" {
		cache = w.path("cache")
	}
	w.settings = settings{
		Data: w.path("assay"), Cache: cache, Environment: w.options.Environment,
		Tests: w.path("tests.git"), Overlay: w.options.Overlay, Config: w.path("config.git"), Interval: w.options.Interval,
		Path: []string{w.options.Bin, filepath.Dir(goTool)}, Show: []string{w.options.Bin, filepath.Dir(filepath.Dir(goTool))},
	}
	file := w.path("settings.json")
	if err := w.settings.write(file); err != nil {
		return err
	}
	w.assay = &assay{command: append(append([]string{}, w.options.Loop...), file), log: w.log}
	catalog, err := w.startService("catalog")
	if err != nil {
		return err
	}
	checkout, err := w.startService("checkout", "--catalog", catalog)
	if err != nil {
		return err
	}
	if err := w.makeRepositories(ctx, catalog, checkout); err != nil {
		return err
	}
	w.history, err = history.Open(ctx, w.settings.historyDir())
	return err
}

// makeRepositories makes Git repositories of the samples. Where the servers of this machine are, the overlay's addresses say.
func (w *world) makeRepositories(ctx context.Context, catalog, checkout string) (err error) {
	w.config, err = newRepository(ctx, w.settings.Config, w.path("people", "config"), "Ana", "The shop's configuration", samples.Config())
	if err != nil {
		return err
	}
	addresses := fmt.Sprintf("config=%s\ncatalog=%s\ncheckout=%s\n", w.settings.Config, host(catalog), host(checkout))
	w.tests, err = newRepository(ctx, w.settings.Tests, w.path("people", "tests"), "Ana", "The shop's tests", samples.Tests())
	if err != nil {
		return err
	}
	if w.options.Tests != nil {
		if err := os.CopyFS(w.tests.dir, w.options.Tests); err != nil {
			return err
		}
	}
	if err := w.tests.write(w.settings.Overlay+"/addresses.env", addresses); err != nil {
		return err
	}
	if _, err := w.tests.commit(ctx, "Ana", "Say where "+w.options.Environment+" is"); err != nil {
		return err
	}
	return w.tests.push(ctx, "Ana")
}

func host(url string) string { return strings.TrimPrefix(url, "http://") }

// close ends every process of the story, and removes what it left unless it is to be kept.
func (w *world) close() error {
	var errs []error
	if w.assay != nil {
		errs = append(errs, w.assay.stop())
	}
	for _, service := range w.services {
		errs = append(errs, service.Process.Kill())
		_ = service.Wait() // it says that it was killed
	}
	if w.history != nil {
		errs = append(errs, w.history.Close())
	}
	if w.log != nil {
		errs = append(errs, w.log.Close())
	}
	if !w.options.Keep {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}
