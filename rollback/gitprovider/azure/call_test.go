package azure

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// says answers every request alike.
type says struct {
	status int
	body   string
	header http.Header
}

// RoundTrip implements http.RoundTripper.
func (s says) RoundTrip(*http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	for name, values := range s.header {
		w.Header()[name] = values
	}
	w.WriteHeader(s.status)
	w.Body.WriteString(s.body)
	return w.Result(), nil
}

func TestErrors(t *testing.T) {
	const page = "<html><title>Azure DevOps Services | Sign In</title></html>"
	for name, c := range map[string]struct {
		says
		want error
		text string
	}{
		"sign in":       {says{status: 203, body: page}, gitprovider.ErrUnauthorized, "vso.code_write"},
		"sent away":     {says{status: 302, header: http.Header{"Location": {"https://spsprodeus21.vssps.visualstudio.com/_signin"}}}, gitprovider.ErrUnauthorized, "302"},
		"no token":      {says{status: 401}, gitprovider.ErrUnauthorized, "wrong or expired"},
		"no permission": {says{status: 403, body: `{"message":"TF401027: You need the Git 'PullRequestContribute' permission"}`}, gitprovider.ErrUnauthorized, "PullRequestContribute"},
		"no project":    {says{status: 404, body: `{"message":"TF200016: The following project does not exist: web"}`}, gitprovider.ErrNotFound, "TF200016"},
		"moved":         {says{status: 409, body: `{"message":"TF401192","typeKey":"GitPullRequestStaleException"}`}, gitprovider.ErrHeadMoved, "TF401192"},
		"policy":        {says{status: 403, body: `{"message":"Rejected","typeKey":"GitPullRequestUpdateRejectedByPolicyException"}`}, gitprovider.ErrBlocked, "Rejected"},
		"broken":        {says{status: 500, body: page}, gitprovider.ErrUnavailable, "500"},
		"too often":     {says{status: 429, header: http.Header{"Retry-After": {"7200"}}}, gitprovider.ErrUnavailable, "come back at"},
		"no JSON":       {says{status: 200, body: page}, nil, "invalid character"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New("https://dev.azure.com/"+name+"/web/_git/config", git.Auth{Password: "hush"}, &http.Client{Transport: c.says})
			require.NoError(t, err)
			_, err = p.Get(t.Context(), 7)
			require.ErrorContains(t, err, c.text)
			require.ErrorContains(t, err, "read pull request 7 of https://dev.azure.com/")
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
			require.NotContains(t, err.Error(), "hush")
		})
	}
}
