package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

const branch = "assay/revert-0123456789ab"

func pr(number int64, state string, more map[string]any) map[string]any {
	side := func(ref string) map[string]any {
		return map[string]any{"ref": ref, "sha": strings.Repeat("ab", 20), "repo_id": 1}
	}
	out := map[string]any{"number": number, "state": state, "title": "Revert", "head": side(branch), "base": side("main"), "html_url": "http://x/1"}
	for k, v := range more {
		out[k] = v
	}
	return out
}

// answers are what a server says to a method and path, one after the other; the last one stays.
type answers map[string][]answer

type answer struct {
	status int
	body   any
	header http.Header
}

// serve makes a Provider for owner/name on a server that answers so, and counts requests. It is asked without a network, so that time in a
// bubble of synctest passes.
func serve(t *testing.T, says answers) (*Provider, map[string]int) {
	t.Helper()
	asked := map[string]int{}
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/api/v1/repos/owner/name")
		if page := r.URL.Query().Get("page"); page != "" {
			key += " " + page
		}
		said := says[key]
		if said == nil {
			http.Error(w, fmt.Sprintf(`{"message":"unexpected %s"}`, key), http.StatusTeapot)
			return
		}
		a := said[min(asked[key], len(said)-1)]
		asked[key]++
		for name, values := range a.header {
			w.Header()[name] = values
		}
		w.WriteHeader(a.status)
		json.NewEncoder(w).Encode(a.body)
	})
	p, err := New("http://gitea.example.com/owner/name.git", "token", transport.Client(handled{server}))
	require.NoError(t, err)
	return p, asked
}

// handled is a way to a server without a network.
type handled struct{ http.Handler }

// RoundTrip implements http.RoundTripper.
func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

func said(status int, message string) answer {
	return answer{status: status, body: map[string]string{"message": message}}
}

func TestRepositoryOfURLs(t *testing.T) {
	for raw, want := range map[string]string{
		"https://git.example.com/shop/config.git":        "https://git.example.com/shop/config",
		"https://ana:secret@git.example.com/shop/config": "https://git.example.com/shop/config",
		"http://127.0.0.1:3000/forge/shop/config/":       "http://127.0.0.1:3000/forge/shop/config",
		"git@git.example.com:shop/config.git":            "https://git.example.com/shop/config",
		"ssh://git@git.example.com:2222/shop/config.git": "https://git.example.com/shop/config",
	} {
		p, err := New(raw, "", nil)
		require.NoError(t, err, raw)
		require.Equal(t, want, p.String())
	}
	for _, raw := range []string{"/srv/config.git", "https://git.example.com/config", "file:///srv/shop/config"} {
		_, err := New(raw, "", nil)
		require.Error(t, err, raw)
	}
}

func TestErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		want   error
		text   string
	}{
		"wrong token": {said(401, "invalid username, password or token"), gitprovider.ErrUnauthorized, "write:repository and write:issue"},
		"scope":       {said(403, "token does not have at least one of required scope(s): [write:issue]"), gitprovider.ErrUnauthorized, "required scope"},
		"not there":   {said(404, "not found"), gitprovider.ErrNotFound, "pull request 7 of http://"},
		"broken":      {said(500, "database is locked"), gitprovider.ErrUnavailable, "database is locked"},
		"refused":     {said(422, "nonsense"), nil, "nonsense"},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := serve(t, answers{"GET /pulls/7": {c.answer}})
			_, err := p.Get(t.Context(), 7)
			require.ErrorContains(t, err, c.text)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
}

// TestOpenOfABranchThatIsNotKnownYet is what a server says of a branch that was pushed a moment ago.
func TestOpenOfABranchThatIsNotKnownYet(t *testing.T) {
	synctest.Test(t, openOfABranchThatIsNotKnownYet)
}

func openOfABranchThatIsNotKnownYet(t *testing.T) {
	p, asked := serve(t, answers{
		"GET /pulls 1": {{status: 200, body: []any{}}},
		"POST /pulls":  {said(404, "could not find branch"), said(404, "could not find branch"), {status: 201, body: pr(7, "open", nil)}},
		"GET /pulls/7": {{status: 200, body: pr(7, "open", nil)}},
	})
	got, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main"})
	require.NoError(t, err)
	require.EqualValues(t, 7, got.Number)
	require.Equal(t, 3, asked["POST /pulls"])
}

func TestOpenGivesWayToTheFirst(t *testing.T) {
	p, asked := serve(t, answers{
		"GET /pulls 1":   {{status: 200, body: []any{}}, {status: 200, body: []any{pr(8, "open", nil), pr(7, "open", nil)}}},
		"POST /pulls":    {{status: 201, body: pr(8, "open", nil)}},
		"GET /pulls/8":   {{status: 200, body: pr(8, "open", nil)}},
		"PATCH /pulls/8": {{status: 201, body: pr(8, "closed", nil)}},
	})
	got, err := p.Open(t.Context(), gitprovider.NewPullRequest{Branch: branch, Base: "main"})
	require.NoError(t, err)
	require.EqualValues(t, 7, got.Number)
	require.Equal(t, 1, asked["PATCH /pulls/8"], "its own is closed")
}

func TestFindGoesThroughPages(t *testing.T) {
	other := pr(9, "open", nil)
	other["head"] = map[string]any{"ref": "feature", "repo_id": 1}
	fork := pr(8, "open", nil)
	fork["head"] = map[string]any{"ref": branch, "repo_id": 2}
	next := http.Header{"Link": {`<http://x/api/v1/repos/owner/name/pulls?page=2>; rel="next"`}}
	p, _ := serve(t, answers{
		"GET /pulls/main/" + branch: {{status: 200, body: pr(3, "closed", nil)}},
		"GET /pulls 1":              {{status: 200, body: []any{other, fork}, header: next}},
		"GET /pulls 2":              {{status: 200, body: []any{pr(7, "open", nil)}}},
	})
	got, err := p.Find(t.Context(), branch, "main")
	require.NoError(t, err)
	require.EqualValues(t, 7, got.Number)
}

func TestMerge(t *testing.T) {
	head := git.Hash{}
	for i := range head {
		head[i] = 0xab
	}
	at := func(sha string, mergeable bool) answer {
		return answer{status: 200, body: pr(7, "open", map[string]any{"head": map[string]any{"sha": sha}, "mergeable": mergeable})}
	}
	ready, unchecked, moved := at(head.String(), true), at(head.String(), false), at(strings.Repeat("cd", 20), true)
	for name, c := range map[string]struct {
		reads []answer
		merge []answer
		want  error
		text  string
	}{
		"merged":          {[]answer{ready}, []answer{{status: 200}}, nil, ""},
		"not checked yet": {[]answer{unchecked, unchecked, ready}, []answer{said(405, "Please try again later"), {status: 200}}, nil, ""},
		"never checked":   {[]answer{unchecked}, []answer{said(405, "Please try again later")}, gitprovider.ErrBlocked, "(405 Method Not Allowed: Please try again later)"},
		"needs approval":  {[]answer{ready}, []answer{said(405, "Does not have enough approvals")}, gitprovider.ErrBlocked, "(405 Method Not Allowed: Does not have enough approvals)"},
		"moved before":    {[]answer{moved}, nil, gitprovider.ErrHeadMoved, "to cdcd"},
		"moved meanwhile": {[]answer{ready, moved}, []answer{said(409, "head out of date")}, gitprovider.ErrHeadMoved, "to cdcd"},
		"closed":          {[]answer{{status: 200, body: pr(7, "closed", nil)}}, nil, gitprovider.ErrBlocked, "it is closed"},
		"merged before":   {[]answer{{status: 200, body: pr(7, "closed", map[string]any{"merged": true})}}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p, _ := serve(t, answers{"GET /pulls/7": c.reads, "POST /pulls/7/merge": c.merge})
				err := p.Merge(t.Context(), 7, head)
				require.ErrorIs(t, err, c.want)
				if c.want != nil {
					require.ErrorContains(t, err, c.text)
				}
			})
		})
	}
}

func TestWhoMerged(t *testing.T) {
	p, _ := serve(t, answers{"GET /pulls/7": {{status: 200, body: pr(7, "closed", map[string]any{
		"merged": true, "merge_commit_sha": strings.Repeat("cd", 20), "merged_by": map[string]any{"login": "ana"}, "labels": []any{map[string]any{"name": "assay/stop"}},
	})}}})
	got, err := p.Get(t.Context(), 7)
	require.NoError(t, err)
	require.Equal(t, gitprovider.Merged, got.State)
	require.Equal(t, "ana", got.By)
	require.Equal(t, strings.Repeat("cd", 20), got.MergeCommit.String())
	require.Equal(t, []string{"assay/stop"}, got.Labels)
}

func TestRequiredChecks(t *testing.T) {
	status := func(id int64, name string, state sdk.StatusState) *sdk.Status {
		return &sdk.Status{ID: id, Context: name, State: state}
	}
	said := []*sdk.Status{
		status(1, "ci/build", sdk.StatusFailure), status(4, "ci/build", sdk.StatusSuccess), status(2, "ci/lint", sdk.StatusPending),
		status(3, "scan", sdk.StatusWarning),
	}
	for _, c := range []struct {
		patterns []string
		said     []*sdk.Status
		want     gitprovider.Checks
	}{
		{[]string{"ci/build"}, said, gitprovider.Checks{State: gitprovider.ChecksPassing}},
		{[]string{"ci*"}, said, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: ci/lint"}},
		{[]string{"ci/build", "e2e/*"}, said, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: e2e/*"}},
		{[]string{"{scan,e2e}", "*"}, said, gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: scan"}},
		{nil, said, gitprovider.Checks{State: gitprovider.ChecksFailing, Reason: "failed: scan"}},
		{nil, nil, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: *"}},
		{[]string{"["}, said, gitprovider.Checks{State: gitprovider.ChecksPending, Reason: "waiting for: ["}},
	} {
		require.Equal(t, c.want, gitprovider.Sum(required(c.patterns, c.said)), c.patterns)
	}
}
