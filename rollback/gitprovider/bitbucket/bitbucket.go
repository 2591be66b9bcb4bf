// Package bitbucket opens pull requests on Bitbucket Cloud (bitbucket.org) and Bitbucket Data Center through their REST APIs, which have
// little in common but the name. In go branches that are pushed already; out come pull requests.
//
// It never pushes, never deletes a branch, and never schedules a merge for later. Pull requests have no labels here: a person stops one by
// writing [assay/stop] into its title. A description holds 32,768 characters at a Data Center; a longer text goes on in a comment.
//
// Neither API merges at a given commit. Cloud is asked for the head right before, and for what was merged right after; Data Center also
// refuses when the pull request has changed since it was read. A push in between can be told, but not always be prevented: protect the
// branches of proposals from others' pushes where that matters.
//
// The clients that exist leave out contexts, drop the reviewers with every edit, or give out untyped JSON, so this package has its own.
package bitbucket

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/rollback/gitprovider/transport"
	"github.com/assay-dev/assay/sources/git"
)

// Cloud is the host of Bitbucket Cloud; any other is a Data Center.
const Cloud = "bitbucket.org"

// New makes a Provider for the repository that Git reaches at the URL, by HTTPS or SSH. Of the credentials it takes what Git takes: a
// bearer token, which is also what a password without a username or with x-token-auth is; else username and password, which at Cloud are
// those of an API token or an app password. A nil client is that of package transport. The server is not contacted.
func New(repository string, auth git.Auth, client *http.Client) (gitprovider.Provider, error) {
	at, err := transport.Address(repository)
	if err != nil {
		return nil, err
	}
	segments := strings.Split(strings.Trim(at.Path, "/"), "/")
	if len(segments) < 2 || segments[0] == "" {
		return nil, fmt.Errorf("repository %s: expected the URL that Bitbucket offers for cloning", git.Redact(repository))
	}
	last := len(segments) - 1
	owner, name := segments[last-1], segments[last]
	way := rest{http: transport.Staying(client), authorize: authorization(auth)}
	if at.Hostname() == Cloud {
		return newCloud(owner, name, way), nil
	}
	before := segments[:last-1]
	if len(before) > 0 && before[len(before)-1] == "scm" { // which Git's path has, and the API's has not
		before = before[:len(before)-1]
	}
	at.Path = strings.Join(before, "/")
	return newDataCenter(strings.TrimSuffix(at.String(), "/"), owner, name, way), nil
}

// authorization shows the credentials.
func authorization(auth git.Auth) func(*http.Request) {
	token := auth.BearerToken
	if token == "" && (auth.Username == "" || auth.Username == "x-token-auth") {
		token = auth.Password
	}
	return func(r *http.Request) {
		switch {
		case token != "":
			r.Header.Set("Authorization", "Bearer "+token)
		case auth.Password != "":
			r.SetBasicAuth(auth.Username, auth.Password)
		}
	}
}

// The label that a title may hold.
const stop = "assay/stop"

// labels are those that a title holds.
func labels(title string) []string {
	if strings.Contains(strings.ToLower(title), "["+stop+"]") {
		return []string{stop}
	}
	return nil
}

// unlabelled is the answer to a wish for labels.
func unlabelled(number int64, names []string) error {
	return fmt.Errorf("label pull request %d with %s: %w: Bitbucket has no labels on pull requests", number, strings.Join(names, ", "), gitprovider.ErrUnsupported)
}

// build is what both call a status.
var build = map[gitprovider.StatusState]string{
	gitprovider.StatusPending: "INPROGRESS",
	gitprovider.StatusSuccess: "SUCCESSFUL",
	gitprovider.StatusFailure: "FAILED",
	gitprovider.StatusError:   "FAILED",
}

// checkOf is what a build of another's is for a merge.
func checkOf(name, state string) gitprovider.Check {
	switch state {
	case "SUCCESSFUL":
		return gitprovider.Check{Name: name, State: gitprovider.ChecksPassing}
	case "INPROGRESS":
		return gitprovider.Check{Name: name, State: gitprovider.ChecksPending}
	}
	return gitprovider.Check{Name: name, State: gitprovider.ChecksFailing} // FAILED, STOPPED, CANCELLED, UNKNOWN
}

// ours says whether a status is one of Assay's, which no merge of Assay's waits for.
func ours(context string) bool { return strings.HasPrefix(context, "assay/") }

// mergedElsewhere is the error of a merge that took another commit than it was to, which its second parent tells; nil where it did not, or
// where it was no merge commit.
func mergedElsewhere(head git.Hash, parents []string) error {
	if len(parents) != 2 || parents[1] == head.String() {
		return nil
	}
	return fmt.Errorf("%w: %s was merged instead of %s", gitprovider.ErrHeadMoved, parents[1], head)
}

// hash reads a commit's name; zero where there is none.
func hash(name string) git.Hash {
	h, _ := git.ParseHash(name)
	return h
}
