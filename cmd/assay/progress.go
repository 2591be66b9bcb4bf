package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/assay-dev/assay/cmd/assay/internal/trial"
	"github.com/assay-dev/assay/reconciler/runner"
)

// progress tells a person what is going on: a line for each Run that ends, and on a terminal one that lives, with what is under way.
type progress struct {
	w     io.Writer
	width int // of the terminal; 0 where there is none

	mu      sync.Mutex
	running []string
	since   time.Time
	stop    chan struct{}
	stopped chan struct{}
}

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, since: time.Now(), stop: make(chan struct{}), stopped: make(chan struct{})}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		if width, _, err := term.GetSize(int(file.Fd())); err == nil {
			p.width = width
		}
	}
	go p.live()
	return p
}

// live draws the last line anew each second, so that it is seen to go on.
func (p *progress) live() {
	defer close(p.stopped)
	if p.width == 0 {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.mu.Lock()
			p.draw()
			p.mu.Unlock()
		}
	}
}

// close clears the line that lives.
func (p *progress) close() {
	close(p.stop)
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running = nil
	p.draw()
}

// note warns where Runs are not kept apart.
func (p *progress) note(text string, isolated bool) {
	if !isolated {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.say("! " + text)
	}
}

func (p *progress) step(s trial.Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := s.Suite
	if s.Variant != "" {
		name += " (" + s.Variant + ")"
	}
	if s.Result == nil {
		p.running = append(p.running, name)
		if p.width == 0 {
			p.say("  " + name + " ...")
		}
		p.draw()
		return
	}
	for i, other := range p.running {
		if other == name {
			p.running = append(p.running[:i], p.running[i+1:]...)
			break
		}
	}
	p.say(ended(name, s))
	p.draw()
}

// ended says in a line how a Run ended.
func ended(name string, s trial.Step) string {
	took := s.Result.Finished.Sub(s.Result.Started).Round(10 * time.Millisecond)
	if s.Result.End != runner.Exited {
		return fmt.Sprintf("? %s: %s (%s)", name, s.Result.Reason, took)
	}
	mark, counts := "✓", fmt.Sprintf("exit code %d", s.Result.ExitCode)
	if s.Result.ExitCode != 0 {
		mark = "✗"
	}
	if s.Report != nil {
		if ok, _ := s.Report.OK(); !ok {
			mark = "✗"
		}
		n := s.Report.Counts
		counts = fmt.Sprintf("%d passed, %d failed", n.Passed, n.Failed+n.Errored)
	}
	return fmt.Sprintf("%s %s: %s (%s)", mark, name, counts, took)
}

// say writes a line for good.
func (p *progress) say(line string) {
	if p.width > 0 {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
	fmt.Fprintln(p.w, printable(line))
}

// draw writes the line that lives.
func (p *progress) draw() {
	if p.width == 0 {
		return
	}
	fmt.Fprint(p.w, "\r\x1b[K")
	if len(p.running) == 0 {
		return
	}
	line := []rune(fmt.Sprintf("… %s: %s", time.Since(p.since).Round(time.Second), printable(strings.Join(p.running, ", "))))
	fmt.Fprint(p.w, string(line[:min(len(line), p.width-1)]))
}
