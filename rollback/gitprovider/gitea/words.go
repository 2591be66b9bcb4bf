package gitea

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// worded is a client whose answers say in their status what went wrong. The server's own client drops these words where it expects no body,
// as of a merge, and there they are why it is refused.
func worded(client *http.Client) *http.Client {
	c := *client
	c.Transport = words{client.Transport}
	return &c
}

type words struct{ next http.RoundTripper }

// mostWords is how many bytes of an answer are read for what went wrong, and mostShown how many characters of it are told.
const (
	mostWords = 1 << 20
	mostShown = 500
)

// RoundTrip implements http.RoundTripper.
func (w words) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.next.RoundTrip(request)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, mostWords))
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	var said struct{ Message string }
	if json.Unmarshal(body, &said) == nil && said.Message != "" {
		response.Status += ": " + gitprovider.Cut(strings.Join(strings.Fields(said.Message), " "), mostShown)
	}
	return response, nil
}
