package transport

import (
	"context"
	"errors"
	"time"
)

// ErrUnsettled matches the errors of [Unsettled].
var ErrUnsettled = errors.New("the server is still finding out")

// Unsettled marks what a server said as worth asking for again in a moment: it is still finding out, such as about a branch that was pushed
// just now. The error reads as before, since it may turn out to be the last word.
func Unsettled(err error) error { return &unsettled{err} }

type unsettled struct{ error }

func (u *unsettled) Unwrap() error        { return u.error }
func (u *unsettled) Is(target error) bool { return target == ErrUnsettled }

// Settle does what is asked, again for as long as it fails with an [Unsettled] error, with pauses that grow; after some
// six seconds the error stands.
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
