package transport_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider/transport"
)

// TestStaying is about what a server says is elsewhere, and that the token is shown there only where it is the same server.
func TestStaying(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		to     string
		shown  []string
		want   string // the error's text, or the status
	}{
		"renamed":           {301, "/new", []string{"/api", "/new"}, "200 OK"},
		"renamed in words":  {307, "https://git.example.com/new?page=2", []string{"/api", "/new"}, "200 OK"},
		"beside itself":     {302, "new", []string{"/api", "/new"}, "200 OK"},
		"in circles":        {308, "/api", []string{"/api", "/api", "/api", "/api", "/api", "/api"}, "308 Permanent Redirect"},
		"another host":      {301, "https://evil.example.com/new", []string{"/api"}, "at https://evil.example.com, where the token is not sent"},
		"a host beneath":    {301, "https://api.git.example.com/new", []string{"/api"}, "at https://api.git.example.com, where"},
		"in the clear":      {307, "http://git.example.com/new", []string{"/api"}, "at http://git.example.com, where"},
		"another port":      {307, "https://git.example.com:8443/new", []string{"/api"}, "at https://git.example.com:8443, where"},
		"nowhere":           {301, "https://[", []string{"/api"}, "failed to parse Location"},
		"not what it means": {303, "/new", []string{"/api"}, "303 See Other"},
	} {
		t.Run(name, func(t *testing.T) {
			var shown []string
			moves := roundTrip(func(r *http.Request) (*http.Response, error) {
				shown = append(shown, r.URL.Path)
				body, err := io.ReadAll(r.Body)
				require.NoError(t, err)
				require.Equal(t, []string{"PATCH", "secret", "question"}, []string{r.Method, r.Header.Get("Private-Token"), string(body)}, "with the same request")
				status, header := c.status, http.Header{"Location": {c.to}}
				if r.URL.Path == "/new" {
					status, header = 200, nil
				}
				return answer(r, status, header), nil
			})
			request, err := http.NewRequestWithContext(t.Context(), "PATCH", "https://git.example.com/api", strings.NewReader("question"))
			require.NoError(t, err)
			request.Header.Set("Private-Token", "secret")
			response, err := transport.Staying(&http.Client{Transport: moves}).Do(request)
			require.Equal(t, c.shown, shown)
			if err != nil {
				require.ErrorContains(t, err, c.want)
				require.NotContains(t, err.Error(), "secret")
				return
			}
			require.Equal(t, c.want, response.Status)
			require.NoError(t, response.Body.Close())
		})
	}
}

// TestABodyThatCanBeReadOnce is not sent half.
func TestABodyThatCanBeReadOnce(t *testing.T) {
	asked := 0
	moves := roundTrip(func(r *http.Request) (*http.Response, error) {
		asked++
		return answer(r, 307, http.Header{"Location": {"/new"}}), nil
	})
	request, err := http.NewRequestWithContext(t.Context(), "POST", "https://git.example.com/api", io.MultiReader(strings.NewReader("question")))
	require.NoError(t, err)
	_, err = transport.Staying(&http.Client{Transport: moves}).Do(request)
	require.ErrorContains(t, err, "repeat POST /api: its body can be read only once")
	require.Equal(t, 1, asked)
}
