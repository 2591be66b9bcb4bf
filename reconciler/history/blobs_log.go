package history

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// logDelay is how long what a Run prints may wait for more before it can be read.
	logDelay = 500 * time.Millisecond
	// logPatience is how long the end of a log waits for a database that does not answer.
	logPatience = 10 * time.Second
)

// chunkLog writes a log in chunks: one when there is enough for it, or after a while. A database that is away for a moment costs
// nothing that fits into a chunk.
type chunkLog struct {
	ctx  context.Context // of all that is written
	to   chunks
	run  string
	mu   sync.Mutex
	seq  int64 // 0 before there is something to write
	next int   // place of the next chunk
	// pending is what is not written yet; while there is some, due writes it.
	pending []byte
	due     *time.Timer
	closed  bool
}

func newChunkLog(ctx context.Context, to chunks, run string) *chunkLog {
	return &chunkLog{ctx: ctx, to: to, run: run}
}

func (l *chunkLog) Write(p []byte) (written int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(p) > 0 {
		n := min(len(p), chunkSize-len(l.pending))
		l.pending = append(l.pending, p[:n]...)
		p, written = p[n:], written+n
		if len(l.pending) < chunkSize {
			break
		}
		if err := l.flush(l.ctx); err != nil {
			return written, err
		}
	}
	l.later()
	return written, nil
}

// later has what is pending written after a while.
func (l *chunkLog) later() {
	if l.due != nil || len(l.pending) == 0 || l.closed {
		return
	}
	l.due = time.AfterFunc(logDelay, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.due = nil
		_ = l.flush(l.ctx) // what fails now is tried again, and in the end Close tells
		l.later()
	})
}

func (l *chunkLog) flush(ctx context.Context) (err error) {
	if len(l.pending) == 0 {
		return nil
	}
	if l.seq == 0 {
		if l.seq, err = l.to.begin(ctx, l.run, noPath); err != nil {
			return err
		}
	}
	if err := l.to.add(ctx, l.run, l.seq, l.next, l.pending); err != nil {
		return err
	}
	l.next++
	l.pending = l.pending[:0]
	return nil
}

// Close writes the rest.
func (l *chunkLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.due != nil {
		l.due.Stop()
	}
	ctx, cancel := context.WithTimeoutCause(l.ctx, logPatience, errors.New("the database does not answer"))
	defer cancel()
	return l.flush(ctx)
}
