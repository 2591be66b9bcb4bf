package rollback

import (
	"context"
	"fmt"
	"strings"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

// prove tells what the revert brings back.
//
// Restored: every Build renders at the revert exactly what it renders at Good (equal digests; or all that it may read is equal, which needs
// no building). Removed: every Build that is not restored loses exactly what the culprits did to it, see [undone]. Unproven: all else, and
// whatever cannot be built on a side that is needed.
func (p *planning) prove(ctx context.Context) (Proof, error) {
	if p.reverted.Tree == p.good.Tree && len(p.goods) == 1 {
		return Proof{Kind: Restored, Reason: fmt.Sprintf("the whole tree is again that of %s, which passed", named(p.good))}, nil
	}
	proof := Proof{Kind: Restored, Reason: p.restored()}
	var left, unbuilt []string
	for _, b := range p.Builds {
		good, err := p.render(ctx, b, p.goodOf(b).Tree)
		if err != nil {
			return Proof{}, err
		}
		now, err := p.render(ctx, b, p.reverted.Tree)
		if err != nil {
			return Proof{}, err
		}
		if refusal := firstRefusal(good, now); refusal != nil {
			same, err := p.change(ctx, b, p.goodOf(b).Tree, p.reverted.Tree)
			if err != nil {
				return Proof{}, err
			}
			if !same.none() {
				left = append(left, fmt.Sprintf("%s cannot be built here: %s", b.Target, refusal))
			}
			unbuilt = append(unbuilt, b.Target.String())
			continue
		}
		if good.Digest == now.Digest {
			continue
		}
		reason, err := p.undone(ctx, b, now)
		if err != nil {
			return Proof{}, err
		}
		if reason != "" {
			left = append(left, fmt.Sprintf("%s: %s", b.Target, reason))
			proof.Difference += fmt.Sprintf("# %s, from what last passed to the revert\n%s",
				b.Target, render.Compare(good.Rendering, now.Rendering).Unified())
			continue
		}
		proof.Kind, proof.Reason = Removed, "exactly what the reverted commits changed is undone, and what came after them is kept"
	}
	proof.Reason += p.definitions()
	if len(unbuilt) > 0 {
		proof.Reason += fmt.Sprintf("; %s cannot be built here, and every file that it may read is again as it was", some(unbuilt))
	}
	if len(left) > 0 {
		proof.Kind, proof.Reason = Unproven, strings.Join(left, "; ")
	}
	return proof, nil
}

// restored is the reason of the strongest proof.
func (p *planning) restored() string {
	if len(p.goods) == 1 {
		return fmt.Sprintf("every target of the gate renders byte for byte what %s renders, which passed", named(p.good))
	}
	return fmt.Sprintf("every target of the gate renders byte for byte what it rendered at the commit at which it last passed (%d commits in all)", len(p.goods))
}

// undone tells whether what the revert changes in a Build is exactly the culprits' change, undone: the edits from head to the revert are
// those from each culprit back to its first parent, newest first, taken together. An edit is one field of one object with its value before
// and after, so a field that somebody changed later, or one that the revert changes on the side, makes the two differ. The reason is empty
// when it holds.
func (p *planning) undone(ctx context.Context, b Build, now rendered) (reason string, err error) {
	head, err := p.render(ctx, b, p.head.Tree)
	if err != nil {
		return "", err
	}
	if head.refusal != nil {
		return fmt.Sprintf("the newest commit cannot be built here: %s", head.refusal), nil
	}
	done, err := editsBetween(head.Rendering, now.Rendering)
	if err != nil {
		return "", err
	}
	wanted := edits{}
	for i := len(p.culprits) - 1; i >= 0; i-- {
		c := p.culprits[i]
		var before git.Hash
		if parent := c.Parent(); !parent.IsZero() {
			commit, err := p.objects.Commit(ctx, parent)
			if err != nil {
				return "", err
			}
			before = commit.Tree
		}
		culprit, err := p.render(ctx, b, c.Tree)
		if err != nil {
			return "", err
		}
		parent, err := p.render(ctx, b, before)
		if err != nil {
			return "", err
		}
		if refusal := firstRefusal(culprit, parent); refusal != nil {
			return fmt.Sprintf("what %s changed cannot be built here: %s", named(c), refusal), nil
		}
		back, err := editsBetween(culprit.Rendering, parent.Rendering)
		if err != nil {
			return "", err
		}
		if at, ok := wanted.then(back); !ok {
			return fmt.Sprintf("%s was changed between the commits that are reverted", at), nil
		}
	}
	if at, same := wanted.equal(done); !same {
		return fmt.Sprintf("what is undone is not exactly what the reverted commits changed: %s", at), nil
	}
	return "", nil
}

func firstRefusal(sides ...rendered) *render.Error {
	for _, side := range sides {
		if side.refusal != nil {
			return side.refusal
		}
	}
	return nil
}
