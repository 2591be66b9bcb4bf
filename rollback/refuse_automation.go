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

// argoImageUpdater is how files begin in which Argo CD Image Updater keeps what it set; what follows is the Application's name.
const argoImageUpdater = ".argocd-source-"

// automation is a robot that wrote what is to be reverted, with what keeps it from writing that again.
type automation struct {
	hold Hold
	// edit puts the hold into the manifest; nil where it is held already.
	edit func(content []byte) ([]byte, error)
}

// holdsAutomation refuses changes that a robot wrote and would write again, unless this repository holds what it goes by: then it is held
// along with the revert.
func (p *planning) holdsAutomation(ctx context.Context) (bool, string, error) {
	manifests := &manifests{objects: p.objects, tree: p.head.Tree}
	for _, c := range p.culprits {
		changes, err := p.changesOf(ctx, c)
		if err != nil {
			return false, "", err
		}
		for _, change := range changes {
			reason, err := p.heldOn(ctx, manifests, change)
			if err != nil || reason != "" {
				return false, reason, err
			}
		}
	}
	return true, "", nil
}

// heldOn gathers what must be held for a change to stay undone; the reason says what cannot be.
func (p *planning) heldOn(ctx context.Context, in *manifests, change git.Change) (reason string, err error) {
	var found []*automation
	if name, is := strings.CutPrefix(path.Base(change.Path), argoImageUpdater); is {
		found, err = in.imageUpdater(ctx, strings.TrimSuffix(name, path.Ext(name)))
		if err != nil || len(found) == 0 {
			return fmt.Sprintf("%s is written by Argo CD Image Updater, which would put the image back, and no Application in this repository tells it which images to "+
				"update: pin them there first (the annotation argocd-image-updater.argoproj.io/ALIAS.ignore-tags: \"*\"), then revert", change.Path), err
		}
	} else {
		policy, err := p.policyWrote(ctx, change)
		if err != nil || policy == "" {
			return "", err
		}
		found, err = in.fluxAutomations(ctx, policy, change.Path)
		if err != nil || len(found) == 0 {
			return fmt.Sprintf("%s is written by image automation for the policy %s, which would put the image back, and no ImageUpdateAutomation for it lies in this "+
				"repository: suspend it first (flux suspend image update NAME), then revert", change.Path, policy), err
		}
	}
	for _, a := range found {
		known := slices.ContainsFunc(p.automated, func(b *automation) bool { return b.hold == a.hold })
		if a.edit != nil && !known {
			p.automated = append(p.automated, a)
		}
	}
	return "", nil
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
