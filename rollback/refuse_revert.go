package rollback

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/assay-dev/assay/rollback/revert"
)

// knowsTargets refuses while nothing can be compared: that is no proof of anything.
func (p *planning) knowsTargets(context.Context) (bool, string, error) {
	return len(p.Builds) > 0, "it is not known at present which folders of the repository the gate's targets build", nil
}

// notFixed refuses where the newest commit renders what last passed: somebody was faster.
func (p *planning) notFixed(ctx context.Context) (bool, string, error) {
	for _, b := range p.Builds {
		change, err := p.change(ctx, b, p.goodOf(b).Tree, p.head.Tree)
		if err != nil {
			return false, "", err
		}
		if !change.none() {
			return true, "", nil
		}
	}
	return false, fmt.Sprintf("the newest commit of %s, %s, renders what last passed: it is fixed already", p.Branch, named(p.head)), nil
}

// reverts makes the revert in memory and refuses where the same was changed again.
func (p *planning) reverts(ctx context.Context) (bool, string, error) {
	var err error
	p.reverted, err = revert.Revert(ctx, p.scratch, p.Head, p.Culprits,
		revert.Options{Author: p.Author, Committer: p.Author, Sign: p.Sign, Trailers: p.Trailers})
	if err != nil {
		return false, "", err
	}
	if p.reverted.Clean() {
		return p.writeHolds(ctx)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "what is to be reverted was changed again afterwards, and no merge resolves it; revert it by hand, or fix what is there now:")
	const few = 3
	for i, c := range p.reverted.Conflicts {
		if i == few {
			fmt.Fprintf(&b, "\n... and %d more", len(p.reverted.Conflicts)-few)
			break
		}
		fmt.Fprintf(&b, "\n%s (%s, reverting %.7s)%s", c.Path, c.Kind, c.Reverts, bothSides(c))
	}
	return false, b.String(), nil
}

// maySecret finds what is better not shown: reasons are read by more people than the repository.
var maySecret = regexp.MustCompile(`(?i)secret|password|passwd|token|credential|private`)

// bothSides shows a conflict in brief, where that is a manifest that holds no secrets.
func bothSides(c revert.Conflict) string {
	const most = 24
	manifest := path.Ext(c.Path) == ".yaml" || path.Ext(c.Path) == ".yml"
	if !manifest || len(c.Rendering) == 0 || maySecret.Match(c.Rendering) || maySecret.MatchString(c.Path) {
		return ""
	}
	lines := strings.Split(string(c.Rendering), "\n")
	first, last := 0, len(lines)
	for i, line := range lines {
		if strings.HasPrefix(line, "<<<<<<<") {
			first = i
			break
		}
	}
	for i := first; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], ">>>>>>>") {
			last = i + 1
			break
		}
	}
	shown := lines[first:last]
	if len(shown) > most {
		half := most / 2
		shown = append(append(append([]string{}, shown[:half]...), "..."), shown[len(shown)-half:]...)
	}
	return "\n" + strings.Join(shown, "\n")
}

// hasEffect refuses a revert that the Gate's Targets would not notice, and gathers what becomes of them.
func (p *planning) hasEffect(ctx context.Context) (bool, string, error) {
	effect := false
	for _, b := range p.Builds {
		change, err := p.change(ctx, b, p.head.Tree, p.reverted.Tree)
		if err != nil {
			return false, "", err
		}
		p.builds = append(p.builds, change)
		effect = effect || !change.none()
	}
	if effect {
		return true, "", nil
	}
	return false, "the revert changes nothing of what the gate's targets render now: what is broken is not undone by it", nil
}
