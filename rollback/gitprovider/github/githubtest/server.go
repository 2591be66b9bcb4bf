// Package githubtest answers as GitHub's REST API is documented to, for tests. In go requests for one repository; out come GitHub's
// answers, with a real Git repository behind them. It is documented at https://docs.github.com/rest; what is not needed here is not
// answered. Only tests use it.
package githubtest

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

	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/bare"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// Owner and Name of the repository, and Former, what it was called before.
const (
	Owner, Name = "shop", "config"
	Former      = "ana/old-config"
)

// Server is a GitHub Enterprise with one repository. It knows the tokens of package forge. Set its fields before it is asked.
type Server struct {
	*forge.Forge
	// Methods are the ways to merge that the settings allow; Told says whether tokens may see those settings.
	Methods []bare.Style
	Told    bool
	// Linear is a rule against merge commits, which the settings do not tell.
	Linear bool
	// Rules are the checks that a ruleset requires, besides what the branch protection does.
	Rules []Check
	// HideRules keeps tokens from reading the rules.
	HideRules bool
	// Runs are check runs.
	Runs []CheckRun
	// Unchecked is how often GitHub is still finding out whether a pull request can be merged when it is read.
	Unchecked int
	// App is the one that is installed.
	App App
	// Now is GitHub's clock.
	Now func() time.Time
	// Instead may answer instead of the server.
	Instead func(http.ResponseWriter, *http.Request) bool

	turn   sync.Mutex
	labels map[string]bool
	tokens map[string]time.Time // of the App, and when each ends
	mux    *http.ServeMux
}

// Check is a required one: its name, and the App that must say it, if any.
type Check struct {
	Name string
	App  int64
}

// CheckRun of a commit.
type CheckRun struct {
	Commit, Name, Status, Conclusion string
	App                              int64
}

// New makes a server with one commit on main.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{
		Forge: forge.New(t), Methods: []bare.Style{bare.Merge, bare.Squash, bare.Rebase}, Told: true, Now: time.Now,
		labels: map[string]bool{"assay/stop": true}, tokens: map[string]time.Time{}, mux: http.NewServeMux(),
	}
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /repos/{owner}/{name}":                                     s.repository,
		"GET /repos/{owner}/{name}/branches/{branch}":                   s.branch,
		"GET /repos/{owner}/{name}/rules/branches/{branch}":             s.rules,
		"GET /repos/{owner}/{name}/pulls":                               s.list,
		"POST /repos/{owner}/{name}/pulls":                              s.open,
		"GET /repos/{owner}/{name}/pulls/{number}":                      s.get,
		"PATCH /repos/{owner}/{name}/pulls/{number}":                    s.edit,
		"PUT /repos/{owner}/{name}/pulls/{number}/merge":                s.merge,
		"POST /repos/{owner}/{name}/pulls/{number}/requested_reviewers": s.askReviewers,
		"GET /repos/{owner}/{name}/issues/{number}":                     s.issue,
		"POST /repos/{owner}/{name}/issues/{number}/comments":           s.comment,
		"POST /repos/{owner}/{name}/issues/{number}/labels":             s.addLabels,
		"GET /repos/{owner}/{name}/labels/{label}":                      s.label,
		"POST /repos/{owner}/{name}/labels":                             s.makeLabel,
		"POST /repos/{owner}/{name}/statuses/{commit}":                  s.setStatus,
		"GET /repos/{owner}/{name}/commits/{commit}/status":             s.statuses,
		"GET /repos/{owner}/{name}/commits/{commit}/check-runs":         s.checkRuns,
		"GET /repos/{owner}/{name}/installation":                        s.installation,
		"POST /app/installations/{installation}/access_tokens":          s.accessToken,
	} {
		s.mux.HandleFunc(pattern, handler)
	}
	return s
}

// Start serves it on this machine and returns the URL of the repository.
func (s *Server) Start(t testing.TB) (repository string) {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL + "/" + Owner + "/" + Name + ".git"
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
	path, is := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3")
	if !is {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	if rest, was := strings.CutPrefix(path, "/repos/"+Former); was {
		s.moved(w, r, rest)
		return
	}
	if rest, by := strings.CutPrefix(path, "/repositories/1"); by {
		path = "/repos/" + Owner + "/" + Name + rest
	}
	if !s.authorized(w, r, path) {
		return
	}
	if strings.HasPrefix(path, "/repos/") && path != "/repos/"+Owner+"/"+Name && !strings.HasPrefix(path, "/repos/"+Owner+"/"+Name+"/") {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	r = r.Clone(r.Context())
	r.URL.RawPath = path
	r.URL.Path, _ = url.PathUnescape(path)
	s.mux.ServeHTTP(w, r)
}

// moved says where the repository is by now.
func (s *Server) moved(w http.ResponseWriter, r *http.Request, rest string) {
	status := http.StatusMovedPermanently
	if r.Method != http.MethodGet {
		status = http.StatusTemporaryRedirect
	}
	w.Header().Set("Location", "/api/v3/repositories/1"+rest+"?"+r.URL.RawQuery)
	Say(w, status, "Moved Permanently")
}

// Say answers with a message, as GitHub words errors.
func Say(w http.ResponseWriter, status int, message string, errors ...map[string]string) {
	body := map[string]any{"message": message, "documentation_url": "https://docs.github.com/rest", "status": strconv.Itoa(status)}
	if errors != nil {
		body["errors"] = errors
	}
	forge.Write(w, status, body)
}

// page writes a page of a list, and tells of the next one in the header Link. GitHub gives out 30 where nothing is said and 100 at most.
func page[T any](w http.ResponseWriter, r *http.Request, all []T, wrap func([]T) any) {
	size, number := min(100, forge.Number(r, "per_page", 30)), forge.Number(r, "page", 1)
	some, more := forge.Page(all, (number-1)*size, size)
	if more {
		next := *r.URL
		query := next.Query()
		query.Set("page", strconv.Itoa(number+1))
		next.Scheme, next.Host, next.RawQuery = "http", r.Host, query.Encode()
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, next.String()))
	}
	forge.Write(w, http.StatusOK, wrap(some))
}
