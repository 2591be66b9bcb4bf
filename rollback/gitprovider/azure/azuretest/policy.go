package azuretest

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/git"
	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/gitprovidertest/forge"
)

// states are what statuses are called.
var states = map[git.GitStatusState]gitprovider.StatusState{
	git.GitStatusStateValues.Pending: gitprovider.StatusPending, git.GitStatusStateValues.Succeeded: gitprovider.StatusSuccess,
	git.GitStatusStateValues.Failed: gitprovider.StatusFailure, git.GitStatusStateValues.Error: gitprovider.StatusError,
}

func (s *server) status(w http.ResponseWriter, r *http.Request) {
	asked, err := forge.Read[git.GitStatus](r)
	if err == nil {
		said := gitprovider.CommitStatus{Context: *asked.Context.Genre + "/" + *asked.Context.Name, State: states[*asked.State], Description: *asked.Description}
		if asked.TargetUrl != nil {
			said.URL = *asked.TargetUrl
		}
		err = s.SetStatus(r.PathValue("commitId"), said)
	}
	if err != nil {
		failed(w, err)
		return
	}
	forge.Write(w, http.StatusCreated, asked)
}

// evaluations are those of the policies of main: a status for each required check, an approval where it is protected,
// and one that blocks nothing.
func (s *server) evaluations(w http.ResponseWriter, r *http.Request) {
	artifact := r.URL.Query().Get("artifactId")
	id, _ := strconv.ParseInt(artifact[strings.LastIndex(artifact, "/")+1:], 10, 64)
	pr, err := s.Get(id)
	if err != nil || !strings.HasPrefix(artifact, "vstfs:///CodeReview/CodeReviewId/"+projectID+"/") {
		list(w, []policy.PolicyEvaluationRecord{})
		return
	}
	evaluated := func(blocking bool, status policy.PolicyEvaluationStatus, kind string, settings map[string]any) policy.PolicyEvaluationRecord {
		return policy.PolicyEvaluationRecord{Status: &status, Configuration: &policy.PolicyConfiguration{
			IsBlocking: &blocking, IsEnabled: to(true), Type: &policy.PolicyTypeRef{DisplayName: &kind}, Settings: settings,
		}}
	}
	all := []policy.PolicyEvaluationRecord{evaluated(false, policy.PolicyEvaluationStatusValues.Rejected, "Work item linking", nil)}
	said := s.Statuses(pr.Head)
	for _, check := range s.Required() {
		genre, name, _ := strings.Cut(check, "/")
		status := map[gitprovider.StatusState]policy.PolicyEvaluationStatus{
			"":                        policy.PolicyEvaluationStatusValues.Queued,
			gitprovider.StatusPending: policy.PolicyEvaluationStatusValues.Running,
			gitprovider.StatusSuccess: policy.PolicyEvaluationStatusValues.Approved,
			gitprovider.StatusFailure: policy.PolicyEvaluationStatusValues.Rejected,
			gitprovider.StatusError:   policy.PolicyEvaluationStatusValues.Rejected,
		}[said[check].State]
		all = append(all, evaluated(true, status, "Status", map[string]any{"statusGenre": genre, "statusName": name}))
	}
	page, _ := forge.Page(all, forge.Number(r, "$skip", 0), forge.Number(r, "$top", 100))
	list(w, page)
}
