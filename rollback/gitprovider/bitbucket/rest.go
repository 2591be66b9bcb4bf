package bitbucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// rest speaks JSON with a server.
type rest struct {
	base      string // URL that paths follow
	name      string // of the repository, for errors
	http      *http.Client
	authorize func(*http.Request)
	// explain is what an answer that is an error says, in the words of gitprovider.
	explain func(status int, body []byte) error
}

// most is how many bytes of an answer are read.
const most = 32 << 20

// answer is one that is an error.
type answer struct {
	status int
	body   []byte
	err    error // in the words of gitprovider
}

func (a *answer) Error() string { return a.err.Error() }
func (a *answer) Unwrap() error { return a.err }

// statusOf is the status that an error tells of; zero where there is none.
func statusOf(err error) int {
	if a := (*answer)(nil); errors.As(err, &a) {
		return a.status
	}
	return 0
}

// ask sends a request and reads the answer into a T, where there is one. The path follows the base, or is a URL of the same server.
func ask[T any](ctx context.Context, r *rest, what, method, path string, body any) (out T, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%s of %s: %w", what, r.name, err)
		}
	}()
	request, err := r.request(ctx, method, path, body)
	if err != nil {
		return out, err
	}
	response, err := r.http.Do(request)
	if err != nil {
		return out, err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return out, err
	}
	if response.StatusCode >= 300 {
		err := transport.Unavailable(response)
		if err == nil {
			err = r.explain(response.StatusCode, said)
		}
		return out, &answer{response.StatusCode, said, err}
	}
	if len(bytes.TrimSpace(said)) == 0 {
		return out, nil
	}
	return out, json.Unmarshal(said, &out)
}

func (r *rest) request(ctx context.Context, method, path string, body any) (*http.Request, error) {
	address, err := r.address(path)
	if err != nil {
		return nil, err
	}
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(ctx, method, address, content)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	r.authorize(request)
	return request, nil
}

// address is the URL of a path. A server that pages by URLs must not have the token sent elsewhere.
func (r *rest) address(path string) (string, error) {
	if !strings.Contains(path, "://") {
		return r.base + path, nil
	}
	server, err := url.Parse(r.base)
	if err != nil {
		return "", err
	}
	next, err := url.Parse(path)
	if err == nil && (next.Scheme != server.Scheme || next.Host != server.Host) {
		err = fmt.Errorf("the server refers to %s, where the token is not sent", next.Redacted())
	}
	return path, err
}

// path escapes each of the segments.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// brief is an answer's body in one line, for errors.
func brief(body []byte) string {
	return gitprovider.Cut(strings.Join(strings.Fields(string(body)), " "), 300)
}
