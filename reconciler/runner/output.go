package runner

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

const (
	// liveBuffer is how much a live reader may lag behind, in bytes.
	liveBuffer = 1 << 20
	// liveGrace is how long the end of a run waits for a live reader to take the rest.
	liveGrace = 2 * time.Second
)

// Output captures what a run prints: its first and its last bytes are kept, a live reader gets everything, and secrets leave neither
// way. A slow live reader never slows the run: what it cannot take in time is dropped and counted. Safe for concurrent use.
type Output struct {
	redact *Redactor
	live   *live
	closed func() (dropped int64)

	mu    sync.Mutex
	half  int
	head  []byte
	tail  ring
	total int64
}

// NewOutput keeps at most limit bytes and hands everything to w, which may be nil.
func NewOutput(limit int, redact *Redactor, w io.Writer) *Output {
	half := max(limit/2, 1)
	o := &Output{redact: redact, live: newLive(w), half: half, tail: ring{size: half}}
	o.closed = sync.OnceValue(o.live.close)
	return o
}

// Stream is one of the run's streams. Close ends it; bytes held back, because they may begin a secret, come then.
func (o *Output) Stream() io.WriteCloser { return o.redact.Writer(printed{o}) }

type printed struct{ o *Output }

func (p printed) Write(b []byte) (int, error) {
	o := p.o
	o.mu.Lock()
	defer o.mu.Unlock()
	n := len(b)
	o.total += int64(n)
	o.live.send(b)
	if room := o.half - len(o.head); room > 0 {
		taken := min(room, len(b))
		o.head = append(o.head, b[:taken]...)
		b = b[taken:]
	}
	o.tail.write(b)
	return n, nil
}

// Close hands the live reader what it has not got yet, and returns how many bytes it never got. A reader that is stuck is left behind
// after two seconds. A second Close changes nothing.
func (o *Output) Close() (dropped int64) { return o.closed() }

// Bytes is what is kept: the first and the last bytes, with a line between them that says how many are left out.
func (o *Output) Bytes() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := bytes.Clone(o.head)
	if left := o.total - int64(len(o.head)+o.tail.len()); left > 0 {
		out = fmt.Appendf(out, "\n[... %d bytes left out ...]\n", left)
	}
	return o.tail.appendTo(out)
}

// Total is how many bytes were printed, after redaction.
func (o *Output) Total() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.total
}

// ring keeps the last size bytes.
type ring struct {
	size int
	buf  []byte
	next int // where the oldest byte is, once buf is full
}

func (r *ring) len() int { return len(r.buf) }

func (r *ring) write(b []byte) {
	if len(b) >= r.size {
		r.buf = append(r.buf[:0], b[len(b)-r.size:]...)
		r.next = 0
		return
	}
	if room := r.size - len(r.buf); room > 0 {
		taken := min(room, len(b))
		r.buf = append(r.buf, b[:taken]...)
		b = b[taken:]
	}
	for len(b) > 0 {
		n := copy(r.buf[r.next:], b)
		r.next = (r.next + n) % r.size
		b = b[n:]
	}
}

func (r *ring) appendTo(b []byte) []byte {
	b = append(b, r.buf[r.next:]...)
	return append(b, r.buf[:r.next]...)
}

// live hands bytes to a reader from a goroutine of its own.
type live struct {
	w    io.Writer
	done chan struct{}

	mu      sync.Mutex
	wake    *sync.Cond
	pending []byte
	missed  int64 // since the last bytes that fitted
	dropped int64
	closed  bool
}

func newLive(w io.Writer) *live {
	l := &live{w: w, done: make(chan struct{})}
	l.wake = sync.NewCond(&l.mu)
	if w == nil {
		close(l.done)
		return l
	}
	go l.pump()
	return l
}

func (l *live) send(b []byte) {
	if l.w == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(l.pending)+len(b) > liveBuffer {
		l.missed += int64(len(b))
		l.dropped += int64(len(b))
		return
	}
	l.noteMissed()
	l.pending = append(l.pending, b...)
	l.wake.Signal()
}

// noteMissed tells the reader what it missed, at the place where it missed it.
func (l *live) noteMissed() {
	if l.missed > 0 {
		l.pending = fmt.Appendf(l.pending, "\n[... %d bytes dropped: the reader is too slow ...]\n", l.missed)
		l.missed = 0
	}
}

func (l *live) pump() {
	defer close(l.done)
	var batch []byte
	for {
		l.mu.Lock()
		for len(l.pending) == 0 && !l.closed {
			l.wake.Wait()
		}
		if len(l.pending) == 0 {
			l.mu.Unlock()
			return
		}
		batch, l.pending = l.pending, batch[:0]
		l.mu.Unlock()
		if _, err := l.w.Write(batch); err != nil {
			l.stop()
			return
		}
	}
}

// stop drops everything from now on: the reader is gone.
func (l *live) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending, l.closed = nil, true
}

func (l *live) close() (dropped int64) {
	l.mu.Lock()
	l.noteMissed()
	l.closed = true
	l.wake.Signal()
	l.mu.Unlock()
	timer := time.NewTimer(liveGrace)
	defer timer.Stop()
	select {
	case <-l.done:
	case <-timer.C:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dropped + int64(len(l.pending))
}
