package courier

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Spool is a file that grows, while others read it from wherever they are. Safe for concurrent use.
type Spool struct {
	file *os.File
	room int64 // how large it may become

	mu     sync.Mutex
	size   int64
	missed int64
	grown  chan struct{} // closed when there is more, and made anew
	ended  chan struct{} // closed when there will be no more
}

// OpenSpool goes on with the file, or begins it. It keeps at most room bytes.
func OpenSpool(name string, room int64) (*Spool, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return &Spool{file: file, room: room, size: info.Size(), grown: make(chan struct{}), ended: make(chan struct{})}, nil
}

// Write appends b. What does not fit is missed, and is no error: whoever prints must go on.
func (s *Spool) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fits := b[:max(0, min(int64(len(b)), s.room-s.size))]
	n, err := s.file.WriteAt(fits, s.size)
	if n > 0 {
		s.size += int64(n)
		close(s.grown)
		s.grown = make(chan struct{})
	}
	s.missed += int64(len(b) - n)
	return len(b), err
}

// Size is how many bytes are there.
func (s *Spool) Size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.size
}

// Missed is how many bytes did not fit.
func (s *Spool) Missed() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.missed
}

// End says that the file grows no more.
func (s *Spool) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over() {
		close(s.ended)
	}
}

func (s *Spool) over() bool {
	select {
	case <-s.ended:
		return true
	default:
		return false
	}
}

// Ended is closed when the file grows no more.
func (s *Spool) Ended() <-chan struct{} { return s.ended }

// Close lets go of the file, which nobody may read any more.
func (s *Spool) Close() error {
	s.End()
	return s.file.Close()
}

// Beyond waits until the file is longer than from bytes, and returns how long it is: from where it grows no more.
func (s *Spool) Beyond(ctx context.Context, from int64) (int64, error) {
	for {
		s.mu.Lock()
		size, over, grown := s.size, s.over(), s.grown
		s.mu.Unlock()
		if size > from || over {
			return max(size, from), nil
		}
		select {
		case <-grown:
		case <-s.ended:
		case <-ctx.Done():
			return from, ctx.Err()
		}
	}
}

// within is Beyond for no longer than d.
func (s *Spool) within(ctx context.Context, from int64, d time.Duration) (int64, error) {
	short, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	size, err := s.Beyond(short, from)
	if err != nil && ctx.Err() == nil {
		return from, nil
	}
	return size, err
}

// ReadAt reads what is there.
func (s *Spool) ReadAt(b []byte, offset int64) (int, error) { return s.file.ReadAt(b, offset) }

// Follow copies all to w while it grows.
func (s *Spool) Follow(ctx context.Context, w io.Writer) error {
	for taken := int64(0); ; {
		size, err := s.Beyond(ctx, taken)
		if err != nil || size == taken {
			return err
		}
		n, err := io.Copy(w, io.NewSectionReader(s, taken, size-taken))
		taken += n
		if err != nil {
			return fmt.Errorf("pass on what is printed: %w", err)
		}
	}
}
