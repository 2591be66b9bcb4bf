// Package webhook is told that something happened elsewhere. In go the pushes that Git servers announce and the events that Flux sends,
// signed; out comes "look now", for a repository or for a Target. Nothing else of a request counts: what there is to see, Assay reads
// itself, so a request that is forged, replayed or late costs one look, and one that is lost costs an interval.
//
// There is an endpoint for each who may send, and each has a secret of its own in a file that is called as the endpoint is; without the
// file it is not there. A file may hold two secrets, one a line, while one takes the place of the other, and is read at every request.
//
//	/hooks/github     X-Hub-Signature-256: sha256=HMAC of the body
//	/hooks/gitea      X-Gitea-Signature or X-Forgejo-Signature: HMAC-SHA256 of the body; or X-Hub-Signature-256
//	/hooks/gitlab     X-Gitlab-Token: the secret itself
//	/hooks/bitbucket  X-Hub-Signature: sha256=HMAC of the body; Cloud and Data Center
//	/hooks/azure      basic authentication with the secret as the password, whoever the user is
//	/hooks/generic    X-Signature: sha256=, sha384= or sha512=HMAC of the body, as for Flux's Receiver of type generic-hmac
//	/hooks/git        any of these, told by its header
//	/hooks/flux       X-Signature, as Flux's Provider of type generic-hmac sends it
//
// Whether a repository is known is never told: the answer is 202 in any case.
package webhook
