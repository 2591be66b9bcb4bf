package gitlabtest

import (
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// People who have an account, by user name.
var People = map[string]int64{"bo": 12, "cy": 13}

// named are the names of those with the given IDs.
func named(ids []int64) (names []string) {
	for name, id := range People {
		if slices.Contains(ids, id) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s *Server) users(w http.ResponseWriter, r *http.Request) {
	all := []map[string]any{}
	if id, known := People[r.URL.Query().Get("username")]; known {
		all = append(all, map[string]any{"id": id, "username": r.URL.Query().Get("username")})
	}
	page(w, r, all)
}

func (s *Server) project(w http.ResponseWriter, _ *http.Request) {
	forge.Write(w, http.StatusOK, map[string]any{
		"id": 31, "path_with_namespace": Path, "only_allow_merge_if_pipeline_succeeds": len(s.Required()) > 0, "allow_merge_on_skipped_pipeline": s.Skips,
	})
}

// statusStates are GitLab's words.
var statusStates = map[gitprovider.StatusState]string{
	gitprovider.StatusPending: "pending", gitprovider.StatusSuccess: "success", gitprovider.StatusFailure: "failed", gitprovider.StatusError: "canceled",
}

func (s *Server) setStatus(w http.ResponseWriter, r *http.Request) {
	said, err := forge.Read[struct {
		State, Name, Description string
		URL                      string `json:"target_url"`
	}](r)
	var state gitprovider.StatusState
	for ours, theirs := range statusStates {
		if theirs == said.State {
			state = ours
		}
	}
	commit := r.PathValue("commit")
	switch {
	case err != nil || state == "":
		Say(w, http.StatusBadRequest, map[string]any{"error": "state does not have a valid value"})
		return
	case utf8.RuneCountInString(said.Description) > 255:
		Say(w, http.StatusBadRequest, map[string]any{"description": []string{"is too long (maximum is 255 characters)"}})
		return
	case state == gitprovider.StatusPending && s.Statuses(commit)[said.Name].State == state:
		Say(w, http.StatusBadRequest, `Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")`)
		return
	}
	if err := s.SetStatus(commit, gitprovider.CommitStatus{Context: said.Name, State: state, Description: said.Description, URL: said.URL}); err != nil {
		Say(w, http.StatusNotFound, "404 Commit Not Found")
		return
	}
	forge.Write(w, http.StatusCreated, map[string]any{"id": 1, "sha": commit, "name": said.Name, "status": said.State})
}
