package courier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const (
	// firstPause and lastPause are how long a pod waits before it asks again.
	firstPause, lastPause = 50 * time.Millisecond, 2 * time.Second
	// requestTime is how long one request may take.
	requestTime = 2 * time.Minute
	// liveEvery is how often what is printed is sent while it is printed.
	liveEvery = 100 * time.Millisecond
	// beatEvery is how often a pod that prints nothing asks what Assay has.
	beatEvery = 2 * time.Second
)

// Client is the pod's end. It asks again while Assay is away, for no longer than Away at a time.
type Client struct {
	// URL of the Run, and its Token.
	URL, Token string
	HTTP       *http.Client
	Away       time.Duration
}

// Refused is Assay's word that a request is not to be sent again.
type Refused struct {
	Status int
	Text   string
}

func (r *Refused) Error() string { return fmt.Sprintf("Assay refuses: %s (%d)", r.Text, r.Status) }

// Fetch hands the archive to take, from its beginning each time it breaks off.
func (c *Client) Fetch(ctx context.Context, take func(io.Reader) error) error {
	return c.persist(ctx, func(ctx context.Context) error {
		response, err := c.send(ctx, http.MethodGet, "/files", nil)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		return take(response.Body)
	})
}

// Send sends a whole Part.
func (c *Client) Send(ctx context.Context, part string, source io.ReaderAt, size int64) error {
	for sent := int64(0); ; {
		next, err := c.sendChunk(ctx, part, source, sent, size)
		if err != nil {
			return fmt.Errorf("deliver part %s: %w", part, err)
		}
		if sent = next; sent >= size {
			return nil
		}
	}
}

// SendLive sends a Part while it grows, and now and then nothing at all, to learn whether another Assay wants it from its beginning. As
// long as it grows, it waits for an Assay for ever.
func (c *Client) SendLive(ctx context.Context, part string, source *Spool) error {
	for sent := int64(0); ; {
		over := source.over() // asked first, so that the length is the last one
		size, err := source.within(ctx, sent, beatEvery)
		if err != nil {
			return err
		}
		if over && size == sent {
			return nil
		}
		next, err := c.sendChunk(ctx, part, source, sent, size)
		refused := (*Refused)(nil)
		switch {
		case err == nil:
			sent = next
		case over || ctx.Err() != nil || errors.As(err, &refused):
			return fmt.Errorf("deliver part %s: %w", part, err)
		}
		wait(ctx, liveEvery, source.Ended())
	}
}

// sendChunk sends what comes after sent, and returns how much the other end has then. A Part of no bytes is sent
// as such, so that it exists.
func (c *Client) sendChunk(ctx context.Context, part string, source io.ReaderAt, sent, size int64) (int64, error) {
	var has received
	err := c.persist(ctx, func(ctx context.Context) error {
		chunk := io.NewSectionReader(source, sent, min(size-sent, maxChunk))
		response, err := c.send(ctx, http.MethodPatch, fmt.Sprintf("/parts/%s?offset=%d", part, sent), chunk)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		return json.NewDecoder(response.Body).Decode(&has)
	})
	return has.Size, err
}

// Complete says the last word. Parts that it returns are lacking, and must be sent again before the next try.
func (c *Client) Complete(ctx context.Context, completion Completion) (parts []string, err error) {
	text, err := json.Marshal(completion)
	if err != nil {
		return nil, err
	}
	var found lacking
	err = c.persist(ctx, func(ctx context.Context) error {
		response, err := c.send(ctx, http.MethodPost, "/complete", bytes.NewReader(text))
		if refused := (*Refused)(nil); errors.As(err, &refused) && refused.Status == http.StatusGone {
			return nil // an earlier try was heard, and its answer lost
		}
		if err != nil {
			return err
		}
		defer response.Body.Close()
		return json.NewDecoder(response.Body).Decode(&found)
	})
	return found.Lacking, err
}

// send sends one request. An answer with 200 or 409 is returned, one that settles the matter is a *Refused, all
// others are worth another try.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.URL+path, body)
	if err != nil {
		return nil, &Refused{Text: err.Error()}
	}
	request.Header.Set("Authorization", "Bearer "+c.Token)
	if section, ok := body.(*io.SectionReader); ok {
		request.ContentLength = section.Size()
		if section.Size() == 0 {
			request.Body = http.NoBody
		}
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	switch response.StatusCode {
	case http.StatusOK, http.StatusConflict:
		return response, nil
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	message := strings.TrimSpace(string(text))
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusGone, http.StatusRequestEntityTooLarge:
		return nil, &Refused{Status: response.StatusCode, Text: message}
	}
	return nil, fmt.Errorf("%s: %s", response.Status, message)
}

// persist tries until it works, is refused, or Assay was away for too long.
func (c *Client) persist(ctx context.Context, try func(context.Context) error) error {
	began := time.Now()
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		attempt, cancel := context.WithTimeout(ctx, requestTime)
		err := try(attempt)
		cancel()
		refused := (*Refused)(nil)
		switch {
		case err == nil || errors.As(err, &refused):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(began) > c.Away:
			return fmt.Errorf("no Assay answered for %s: %w", c.Away, err)
		}
		c.HTTP.CloseIdleConnections() // so that the next try may reach another replica
		wait(ctx, pause, nil)
	}
}

// wait waits for d, or for an end before that.
func wait(ctx context.Context, d time.Duration, ended <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	case <-ctx.Done():
	}
}
