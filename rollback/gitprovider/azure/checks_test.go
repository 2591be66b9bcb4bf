package azure

import (
	"testing"

	"github.com/microsoft/azure-devops-go-api/azuredevops/v7/policy"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

func TestNamesOfPolicies(t *testing.T) {
	build := &policy.PolicyTypeRef{DisplayName: to("Build")}
	for want, c := range map[string]policy.PolicyConfiguration{
		"Build":     {Type: build},
		"Nightly":   {Type: build, Settings: map[string]any{"displayName": "Nightly", "buildDefinitionId": 7.0}},
		"ci/lint":   {Type: build, Settings: map[string]any{"statusGenre": "ci", "statusName": "lint"}},
		"lint":      {Settings: map[string]any{"statusName": "lint"}},
		"Lint, too": {Settings: map[string]any{"statusName": "lint", "defaultDisplayName": "Lint, too"}},
	} {
		require.Equal(t, want, nameOf(&c))
	}
}

func TestStatesOfPolicies(t *testing.T) {
	for status, want := range map[policy.PolicyEvaluationStatus]gitprovider.CheckState{
		"approved": gitprovider.ChecksPassing, "notApplicable": gitprovider.ChecksPassing, "queued": gitprovider.ChecksPending,
		"running": gitprovider.ChecksPending, "rejected": gitprovider.ChecksFailing, "broken": gitprovider.ChecksFailing, "": gitprovider.ChecksFailing,
	} {
		require.Equal(t, want, checkOf(status), status)
	}
}
