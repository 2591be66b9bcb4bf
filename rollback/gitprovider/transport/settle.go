package transport

import (
	"context"
	"errors"
	"time"
)

// ErrUnsettled marks an answer that is worth asking for again in a moment: the server is still finding out, such as about a branch that was
// pushed just now.
var ErrUnsettled = errors.New("the server is not ready")

// Settle does what is asked, again for as long as it fails with ErrUnsettled, with pauses that grow; after some six seconds the error stands.
func Settle(ctx context.Context, do func() error) error {
	for pause := 100 * time.Millisecond; ; pause *= 2 {
		err := do()
		if !errors.Is(err, ErrUnsettled) || pause > 5*time.Second {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}
