package rollback

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/assay-dev/assay/sources/git"
)

// setter marks a line that Flux's image automation writes. See
// https://fluxcd.io/flux/components/image/imageupdateautomations/#configure-image-policy-marker.
var setter = regexp.MustCompile(`(?m)^.*#\s*\{\s*"\$imagepolicy"\s*:\s*"([^"]+)".*$`)

// argoImageUpdater is how files begin in which Argo CD Image Updater keeps what it set.
const argoImageUpdater = ".argocd-source-"

// notAutomated refuses changes that a robot wrote: it would write them again.
func (p *planning) notAutomated(ctx context.Context) (bool, string, error) {
	for _, c := range p.culprits {
		changes, err := p.changesOf(ctx, c)
		if err != nil {
			return false, "", err
		}
		for _, change := range changes {
			if strings.HasPrefix(path.Base(change.Path), argoImageUpdater) {
				return false, fmt.Sprintf(
					"%s is written by Argo CD Image Updater, which would put the image back: pin the image in the Application's annotations first", change.Path), nil
			}
			policy, err := p.policyWrote(ctx, change)
			if err != nil {
				return false, "", err
			}
			if policy != "" {
				return false, fmt.Sprintf(
					"%s is written by image automation for the policy %s, which would put the image back: suspend the automation (flux suspend image update) or pin the policy first",
					change.Path, policy), nil
			}
		}
	}
	return true, "", nil
}

// changesOf lists what a commit changes against its first parent.
func (p *planning) changesOf(ctx context.Context, c *git.Commit) ([]git.Change, error) {
	var before git.Hash
	if parent := c.Parent(); !parent.IsZero() {
		commit, err := p.objects.Commit(ctx, parent)
		if err != nil {
			return nil, err
		}
		before = commit.Tree
	}
	return git.Diff(ctx, p.objects, before, c.Tree)
}

// policyWrote names the image policy of a marked line that differs between the two versions of a file; empty if there is none.
func (p *planning) policyWrote(ctx context.Context, change git.Change) (string, error) {
	if !change.From.Mode.IsFile() || !change.To.Mode.IsFile() || change.From.IsZero() || change.To.IsZero() {
		return "", nil
	}
	before, err := p.objects.Blob(ctx, change.From.Hash)
	if err != nil {
		return "", err
	}
	after, err := p.objects.Blob(ctx, change.To.Hash)
	if err != nil {
		return "", err
	}
	old, now := setter.FindAllString(string(before), -1), setter.FindAllStringSubmatch(string(after), -1)
	for _, line := range now {
		if len(old) > 0 && !slices.Contains(old, line[0]) {
			return line[1], nil
		}
	}
	return "", nil
}
