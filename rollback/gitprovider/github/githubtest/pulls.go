package githubtest

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/bare"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// pull is a pull request as a list tells it.
func (s *Server) pull(r *http.Request, pr forge.PullRequest) map[string]any {
	side := func(ref, sha string) map[string]any {
		return map[string]any{"ref": ref, "sha": sha, "label": Owner + ":" + ref, "repo": map[string]any{"id": 1, "full_name": Owner + "/" + Name}}
	}
	labels := []map[string]any{}
	for _, name := range pr.Labels {
		labels = append(labels, map[string]any{"name": name})
	}
	out := map[string]any{
		"number": pr.Number, "state": "open", "title": pr.Title, "body": pr.Text, "labels": labels,
		"html_url": "http://" + r.Host + "/" + Owner + "/" + Name + "/pull/" + strconv.FormatInt(pr.Number, 10),
		"head":     side(pr.Source, pr.Head), "base": side(pr.Target, s.Head(pr.Target)),
		"merge_commit_sha": strings.Repeat("0123abcd", 5), // the merge that is only tried
	}
	if pr.State != gitprovider.Open {
		out["state"] = "closed"
	}
	if pr.State == gitprovider.Merged {
		out["merged_at"], out["merge_commit_sha"] = "2026-05-01T12:00:00Z", pr.MergeCommit
	}
	return out
}

func number(r *http.Request) int64 {
	n, _ := strconv.ParseInt(r.PathValue("number"), 10, 64)
	return n
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	state := query.Get("state")
	var all []map[string]any
	for _, pr := range s.List(func(pr forge.PullRequest) bool {
		return (state == "all" || (state == "closed") == (pr.State != gitprovider.Open)) &&
			(query.Get("base") == "" || query.Get("base") == pr.Target) &&
			(query.Get("head") == "" || query.Get("head") == Owner+":"+pr.Source)
	}) {
		all = append(all, s.pull(r, pr))
	}
	page(w, r, all, func(some []map[string]any) any { return some })
}

func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	n, err := forge.Read[struct{ Head, Base, Title, Body string }](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	invalid := func(e map[string]string) {
		e["resource"] = "PullRequest"
		Say(w, http.StatusUnprocessableEntity, "Validation Failed", e)
	}
	pr, err := s.Open(gitprovider.NewPullRequest{Branch: n.Head, Base: n.Base, Title: n.Title, Body: n.Body})
	switch {
	case errors.Is(err, forge.ErrNoBranch) && s.Head(n.Base) == "":
		invalid(map[string]string{"field": "base", "code": "invalid"})
	case errors.Is(err, forge.ErrNoBranch):
		invalid(map[string]string{"field": "head", "code": "invalid"})
	case errors.Is(err, forge.ErrDuplicate):
		invalid(map[string]string{"code": "custom", "message": "A pull request already exists for " + Owner + ":" + n.Head + "."})
	case errors.Is(err, forge.ErrTitle):
		invalid(map[string]string{"field": "title", "code": "custom", "message": "title is too long (maximum is 256 characters)"})
	default:
		forge.Write(w, http.StatusCreated, s.detailed(r, pr))
	}
}

// detailed is a pull request as it is told alone.
func (s *Server) detailed(r *http.Request, pr forge.PullRequest) map[string]any {
	out := s.pull(r, pr)
	out["merged"] = pr.State == gitprovider.Merged
	if pr.State == gitprovider.Merged {
		out["merged_by"] = map[string]any{"login": pr.By}
	}
	out["mergeable"], out["mergeable_state"] = true, "clean"
	if len(s.Blocked(pr.Head)) > 0 {
		out["mergeable_state"] = "blocked"
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if s.Unchecked > 0 {
		s.Unchecked--
		out["mergeable"], out["mergeable_state"] = nil, "unknown"
	}
	return out
}

// answer writes a pull request, or that there is none.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, pr forge.PullRequest, err error) {
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusOK, s.detailed(r, pr))
}

func (s *Server) get(w http.ResponseWriter, r *http.Request) {
	pr, err := s.Get(number(r))
	s.answer(w, r, pr, err)
}

func (s *Server) edit(w http.ResponseWriter, r *http.Request) {
	change, err := forge.Read[struct{ Body, State *string }](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "Problems parsing JSON")
		return
	}
	if change.State != nil && *change.State == "closed" {
		s.Close(number(r), "assay[bot]") // one that is not open stays as it is
	}
	pr, err := s.Edit(number(r), func(pr *forge.PullRequest) {
		if change.Body != nil {
			pr.Text = *change.Body
		}
	})
	s.answer(w, r, pr, err)
}

func (s *Server) issue(w http.ResponseWriter, r *http.Request) {
	pr, err := s.Get(number(r))
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	out := s.pull(r, pr)
	if pr.State != gitprovider.Open {
		out["closed_by"] = map[string]any{"login": pr.By}
	}
	forge.Write(w, http.StatusOK, out)
}

func (s *Server) comment(w http.ResponseWriter, r *http.Request) {
	c, err := forge.Read[struct{ Body string }](r)
	if err == nil {
		_, err = s.Edit(number(r), func(pr *forge.PullRequest) { pr.Comments = append(pr.Comments, c.Body) })
	}
	if err != nil {
		Say(w, http.StatusNotFound, "Not Found")
		return
	}
	forge.Write(w, http.StatusCreated, map[string]any{"id": 1, "body": c.Body})
}

func (s *Server) repository(w http.ResponseWriter, _ *http.Request) {
	out := map[string]any{"id": 1, "name": Name, "full_name": Owner + "/" + Name, "owner": map[string]any{"login": Owner}}
	if s.Told {
		for _, style := range []bare.Style{bare.Merge, bare.Squash, bare.Rebase} {
			out[settings[style]] = s.allows(style)
		}
	}
	forge.Write(w, http.StatusOK, out)
}
