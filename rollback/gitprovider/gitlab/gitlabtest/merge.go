package gitlabtest

import (
	"errors"
	"net/http"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
	"github.com/assay-dev/assay/sources/git/gittest"
)

func (s *Server) merge(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[struct{ SHA string }](r)
	if err != nil {
		Say(w, http.StatusBadRequest, "400 Bad request")
		return
	}
	pr, err := s.Get(number(r))
	if err != nil {
		Say(w, http.StatusNotFound, "404 Not found")
		return
	}
	status := s.mergeStatus(pr)
	s.turn.Lock()
	s.Unchecked = max(0, s.Unchecked-1)
	s.turn.Unlock()
	switch {
	case s.Role:
		Say(w, http.StatusUnauthorized, "401 Unauthorized")
		return
	case asked.SHA != "" && asked.SHA != pr.Head:
		Say(w, http.StatusConflict, "SHA does not match HEAD of source branch: "+pr.Head)
		return
	case status == "conflict":
		Say(w, http.StatusUnprocessableEntity, "Branch cannot be merged")
		return
	case status != "mergeable":
		Say(w, http.StatusMethodNotAllowed, "405 Method Not Allowed")
		return
	}
	if s.FastForward {
		pr, err = s.forward(pr)
	} else {
		pr, err = s.Merge(pr.Number, asked.SHA, "assay-bot")
	}
	switch {
	case errors.Is(err, forge.ErrMoved):
		Say(w, http.StatusConflict, "SHA does not match HEAD of source branch")
	case err != nil:
		Say(w, http.StatusMethodNotAllowed, "405 Method Not Allowed")
	default:
		forge.Write(w, http.StatusOK, s.detailed(r, pr))
	}
}

// forward moves the target to where the source is.
func (s *Server) forward(pr forge.PullRequest) (forge.PullRequest, error) {
	if err := gittest.Command(s.Dir, "update-ref", "refs/heads/"+pr.Target, pr.Head).Run(); err != nil {
		return pr, err
	}
	return s.Edit(pr.Number, func(pr *forge.PullRequest) {
		pr.State, pr.MergeCommit, pr.By = gitprovider.Merged, pr.Head, "assay-bot"
	})
}
