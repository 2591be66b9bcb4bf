package transport

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// timeout bounds how long an attempt may take, the body of its answer included. It does what the Timeout of http.Client does, but holds
// nothing for an answer that is read to its end and never closed, which is how some API clients treat errors.
type timeout struct {
	next http.RoundTripper
	most time.Duration
}

// RoundTrip implements http.RoundTripper.
func (t *timeout) RoundTrip(request *http.Request) (*http.Response, error) {
	outer := request.Context()
	ctx, cancel := context.WithTimeout(outer, t.most)
	response, err := t.next.RoundTrip(request.WithContext(ctx))
	if err != nil {
		if ctx.Err() != nil && outer.Err() == nil {
			err = fmt.Errorf("no answer within %s", t.most)
		}
		cancel()
		return nil, err
	}
	response.Body = &bounded{response.Body, cancel}
	return response, nil
}

// bounded is a body that lets go of its bound at the end.
type bounded struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.cancel()
	}
	return n, err
}

// Close implements io.Closer.
func (b *bounded) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}
