package courier

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// logGrace is how long the end of a Run waits for the reader of its log to take the rest.
const logGrace = 2 * time.Second

const completionName = "completion.json"

// Delivery is what one pod delivers.
type Delivery struct {
	server           *Server
	run, incarnation string
	limits           Limits
	dir              string
	output           *Spool
	complete         chan struct{} // closed when the Completion is in

	dismissed atomic.Bool

	mu         sync.Mutex // held while a Part or the Completion is written
	total      int64      // bytes of all Parts but the output
	completion Completion

	passed atomic.Int64 // bytes that the log took
	logged chan struct{}
	stop   context.CancelFunc
}

// begin takes up what is there already.
func (d *Delivery) begin(log io.Writer) (err error) {
	if err := removeOthers(filepath.Dir(d.dir), d.incarnation); err != nil {
		return err
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	if d.output, err = OpenSpool(d.part(OutputPart), d.limits.Log); err != nil {
		return err
	}
	d.complete, d.logged = make(chan struct{}), make(chan struct{})
	if err := d.resume(); err != nil {
		return errors.Join(err, d.output.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	go func() {
		defer close(d.logged)
		if log != nil {
			_ = d.output.Follow(ctx, counting{log, &d.passed}) // a reader that fails is told of as one that missed the rest
		}
	}()
	return nil
}

// resume reads what an earlier Assay received on the same disk.
func (d *Delivery) resume() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if _, err := strconv.Atoi(entry.Name()); err == nil {
			d.total += info.Size()
		}
	}
	text, err := os.ReadFile(d.completionFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var completion Completion
	if json.Unmarshal(text, &completion) == nil && len(d.lacking(completion)) == 0 {
		d.finish(completion)
	}
	return nil
}

// removeOthers removes what other incarnations delivered.
func removeOthers(dir, incarnation string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != incarnation {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Delivery) part(name string) string { return filepath.Join(d.dir, name) }

func (d *Delivery) completionFile() string { return filepath.Join(d.dir, completionName) }

// finish makes the Completion known. It is called once.
func (d *Delivery) finish(completion Completion) {
	d.completion = completion
	d.output.End()
	close(d.complete)
}

// Complete is closed when the Completion is in, with all its Parts.
func (d *Delivery) Complete() <-chan struct{} { return d.complete }

// Dismiss tells the pod that nobody waits for its result any more.
func (d *Delivery) Dismiss() { d.dismissed.Store(true) }

// Completion is the pod's last word, once Complete is closed.
func (d *Delivery) Completion() Completion { return d.completion }

// Printed is what the Run has printed so far, as far as it was delivered.
func (d *Delivery) Printed() (io.ReadCloser, error) { return os.Open(d.part(OutputPart)) }

// Close serves the pod no longer, and hands the log the rest. What was delivered stays. It returns how many bytes the log's reader did not
// take; one that is stuck is left behind after two seconds.
func (d *Delivery) Close() (missed int64, err error) {
	d.server.close(d)
	d.output.End()
	timer := time.NewTimer(logGrace)
	defer timer.Stop()
	select {
	case <-d.logged:
	case <-timer.C:
	}
	d.stop()
	return d.output.Size() - d.passed.Load(), d.output.Close()
}

// counting counts what w took.
type counting struct {
	w     io.Writer
	taken *atomic.Int64
}

func (c counting) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	c.taken.Add(int64(n))
	return n, err
}
