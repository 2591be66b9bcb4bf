// Package gitlabtest answers as GitLab's REST API is documented to, for tests. In go requests for one project; out come GitLab's
// answers, with a real Git repository behind them. It is documented at https://docs.gitlab.com/api/rest/; what is not needed here is not
// answered. Only tests use it.
package gitlabtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// Path of the project, in a group within a group, and Former, where it was before.
const (
	Path   = "shop/platform/config"
	Former = "ana/config"
	id     = "31"
)

// Server is a GitLab with one project. It knows the tokens of package forge. Set its fields before it is asked.
type Server struct {
	*forge.Forge
	// FastForward is the merge method that makes no merge commits.
	FastForward bool
	// Role says that the token's role is too small to merge.
	Role bool
	// Skips says that skipped pipelines count as passed; Pipeline is a status that GitLab itself says of the pipeline,
	// instead of that of the statuses.
	Skips    bool
	Pipeline string
	// Status is a detailed merge status that GitLab says, instead of that of the rules.
	Status string
	// Unchecked is how often GitLab is still finding out whether a merge request can be merged.
	Unchecked int
	// Now is GitLab's clock.
	Now func() time.Time
	// Instead may answer instead of the server.
	Instead func(http.ResponseWriter, *http.Request) bool

	turn sync.Mutex
	mux  *http.ServeMux
}

// New makes a server with one commit on main.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{Forge: forge.New(t), Now: time.Now, mux: http.NewServeMux()}
	s.Dangling = true
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /users":                                        s.users,
		"GET /projects/{id}":                                s.project,
		"GET /projects/{id}/merge_requests":                 s.list,
		"POST /projects/{id}/merge_requests":                s.open,
		"GET /projects/{id}/merge_requests/{number}":        s.get,
		"PUT /projects/{id}/merge_requests/{number}":        s.update,
		"PUT /projects/{id}/merge_requests/{number}/merge":  s.merge,
		"POST /projects/{id}/merge_requests/{number}/notes": s.note,
		"POST /projects/{id}/statuses/{commit}":             s.setStatus,
	} {
		s.mux.HandleFunc(pattern, handler)
	}
	return s
}

// Start serves it on this machine and returns the URL of the project.
func (s *Server) Start(t testing.TB) (repository string) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL + "/" + Path + ".git"
}

// RoundTrip implements http.RoundTripper: the server is asked without a network, so that time may be that of a bubble.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", s.Now().UTC().Format(http.TimeFormat))
	if s.Instead != nil && s.Instead(w, r) {
		return
	}
	path, is := strings.CutPrefix(r.URL.EscapedPath(), "/api/v4")
	if !is {
		Say(w, http.StatusNotFound, "404 Not Found")
		return
	}
	switch token := r.Header.Get("Private-Token"); {
	case token != forge.Right && token != forge.Weak:
		Say(w, http.StatusUnauthorized, "401 Unauthorized")
		return
	case token == forge.Weak && r.Method != http.MethodGet:
		forge.Write(w, http.StatusForbidden, map[string]string{
			"error": "insufficient_scope", "error_description": "The request requires higher privileges than provided by the access token.", "scope": "api",
		})
		return
	}
	if project, is := strings.CutPrefix(path, "/projects/"); is && !s.knows(w, r, project) {
		return
	}
	r = r.Clone(r.Context())
	r.URL.RawPath = path
	r.URL.Path, _ = url.PathUnescape(path)
	s.mux.ServeHTTP(w, r)
}

// knows says whether a path is one of the project, and answers where it is not. Whoever reads by the former path is redirected.
func (s *Server) knows(w http.ResponseWriter, r *http.Request, path string) bool {
	escaped, rest, _ := strings.Cut(path, "/")
	switch project, _ := url.PathUnescape(escaped); {
	case project == id || project == Path:
		return true
	case project == Former && r.Method == http.MethodGet:
		w.Header().Set("Location", strings.TrimSuffix("/api/v4/projects/"+id+"/"+rest, "/"))
		Say(w, http.StatusMovedPermanently, "This resource has been moved permanently")
	default:
		Say(w, http.StatusNotFound, "404 Project Not Found")
	}
	return false
}

// Say answers with a message, as GitLab words most errors.
func Say(w http.ResponseWriter, status int, message any) {
	forge.Write(w, status, map[string]any{"message": message})
}

// page writes a page of a list, and tells of the next one in headers. GitLab gives out 20 where nothing is said and 100 at most.
func page(w http.ResponseWriter, r *http.Request, all []map[string]any) {
	size, number := min(100, forge.Number(r, "per_page", 20)), forge.Number(r, "page", 1)
	some, more := forge.Page(all, (number-1)*size, size)
	if more {
		next := *r.URL
		query := next.Query()
		query.Set("page", strconv.Itoa(number+1))
		next.Scheme, next.Host, next.RawQuery = "http", r.Host, query.Encode()
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, next.String()))
		w.Header().Set("X-Next-Page", strconv.Itoa(number+1))
	}
	forge.Write(w, http.StatusOK, some)
}
