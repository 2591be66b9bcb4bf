package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
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

// serve makes a Provider for owner/name on a server that answers so, and counts requests.
func serve(t *testing.T, says answers) (*Provider, map[string]int) {
	t.Helper()
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
	}))
	t.Cleanup(server.Close)
	p, err := New(server.URL+"/owner/name.git", "token", nil)
	require.NoError(t, err)
	p.pauses = slices.Repeat([]time.Duration{time.Microsecond}, 3)
	return p, asked
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
		"broken":      {said(500, "database is locked"), nil, "database is locked"},
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

func TestPassingErrorsAreAskedAgain(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		p, asked := serve(t, answers{"GET /pulls/7": {said(status, "not now"), {status: 200, body: pr(7, "open", nil)}}})
		got, err := p.Get(t.Context(), 7)
		require.NoError(t, err)
		require.EqualValues(t, 7, got.Number)
		require.Equal(t, 2, asked["GET /pulls/7"])
	}
	p, asked := serve(t, answers{"GET /pulls/7": {said(503, "not now")}})
	_, err := p.Get(t.Context(), 7)
	require.ErrorContains(t, err, "not now")
	require.Equal(t, 4, asked["GET /pulls/7"], "and given up")
}

// TestOpenOfABranchThatIsNotKnownYet is what a server says of a branch that was pushed a moment ago.
func TestOpenOfABranchThatIsNotKnownYet(t *testing.T) {
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
	}{
		"merged":          {[]answer{ready}, []answer{{status: 200}}, nil},
		"not checked yet": {[]answer{unchecked, unchecked, ready}, []answer{said(405, "Please try again later"), {status: 200}}, nil},
		"never checked":   {[]answer{unchecked}, []answer{said(405, "Please try again later")}, gitprovider.ErrBlocked},
		"needs approval":  {[]answer{ready}, []answer{said(405, "Does not have enough approvals")}, gitprovider.ErrBlocked},
		"moved before":    {[]answer{moved}, nil, gitprovider.ErrHeadMoved},
		"moved meanwhile": {[]answer{ready, moved}, []answer{said(409, "head out of date")}, gitprovider.ErrHeadMoved},
		"closed":          {[]answer{{status: 200, body: pr(7, "closed", nil)}}, nil, gitprovider.ErrBlocked},
		"merged before":   {[]answer{{status: 200, body: pr(7, "closed", map[string]any{"merged": true})}}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := serve(t, answers{"GET /pulls/7": c.reads, "POST /pulls/7/merge": c.merge})
			err := p.Merge(t.Context(), 7, head)
			if c.want == nil {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, c.want)
			}
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
