package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
)

// gateName is the sample test repository's only Gate.
const gateName = "shop"

// story is told chapter by chapter. Each does one thing to the world, as people would, and waits for what Assay makes of it.
type story struct {
	*world
	*terminal
	key  history.Key
	told map[string]bool // what of the history was told already
	// crashes says that Assay may end at any moment, and that somebody starts it again.
	crashes bool
	// bad is the commit that breaks the shop, brokenAt when it was pushed.
	bad      string
	brokenAt time.Time
	proposal history.Proposal
}

// Run tells the story. The error says where it did not go as it must.
func Run(ctx context.Context, options Options) (err error) {
	options = options.withDefaults()
	if err := check(options); err != nil {
		return err
	}
	w, err := newWorld(ctx, options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	s := newStory(w)
	if err := s.introduce(ctx); err != nil {
		return err
	}
	if err := s.assay.start(); err != nil {
		return err
	}
	if err := s.play(ctx); err != nil {
		return err
	}
	s.end()
	return nil
}

func newStory(w *world) *story {
	return &story{
		world: w, terminal: newTerminal(w.options), told: map[string]bool{},
		key: history.Key{Environment: w.options.Environment, Gate: gateName},
	}
}

func (s *story) play(ctx context.Context) error {
	s.begin()
	chapters := []struct {
		title string
		tell  func(context.Context) error
	}{
		{"What is there is deployed, and verified", s.headPasses},
		{"A good change is verified, and one that changes nothing is not", s.good},
		{"A bad change comes in, among others", s.breaks},
		{"Assay proposes to revert it", s.proposed},
		{"A person merges the revert", s.merged},
		{"The revert is synced and verified, and the incident is over", s.recovers},
	}
	for i, chapter := range chapters {
		s.heading(fmt.Sprintf("%d. %s", i+1, chapter.title))
		if err := chapter.tell(ctx); err != nil {
			s.clear()
			return fmt.Errorf("%q did not go as it must: %w", chapter.title, err)
		}
	}
	return nil
}

// headPasses waits until the last commit is live and verified.
func (s *story) headPasses(ctx context.Context) error {
	head, err := runGit(ctx, s.config.dir, "Ana", "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	v, err := s.verified(ctx, head)
	if err != nil {
		return err
	}
	return expect(v, gate.Passed)
}

func (s *story) good(ctx context.Context) error {
	head, err := s.change(ctx, "Ben", "checkout: ship for free from 35 euros", func() error {
		return s.config.set(s.settingsFile(s.options.Environment, "checkout"), "FREE_SHIPPING_FROM", "35.00")
	})
	if err != nil {
		return err
	}
	if err := s.config.push(ctx, "Ben"); err != nil {
		return err
	}
	v, err := s.verified(ctx, head)
	if err != nil {
		return err
	}
	if err := expect(v, gate.Passed); err != nil {
		return err
	}
	if head, err = s.changeReadme(ctx, "Ana", "README: say who to ask", "\nQuestions? Ask the shop team.\n"); err != nil {
		return err
	}
	if err := s.config.push(ctx, "Ana"); err != nil {
		return err
	}
	return s.inherited(ctx, head)
}

// breaks pushes three commits at once, one of which sets a currency that the catalog has no prices in.
func (s *story) breaks(ctx context.Context) error {
	other := "prod"
	if s.options.Environment == other {
		other = "staging"
	}
	_, err := s.change(ctx, "Ana", other+": log errors only", func() error {
		return s.config.set(s.settingsFile(other, "catalog"), "LOG_LEVEL", "error")
	})
	if err != nil {
		return err
	}
	s.bad, err = s.change(ctx, "Chris", "checkout: bill in US dollars", func() error {
		return s.config.set(s.settingsFile(s.options.Environment, "checkout"), "CURRENCY", "USD")
	})
	if err != nil {
		return err
	}
	head, err := s.changeReadme(ctx, "Ben", "README: how prices are written", "\nPrices are in the currency's main unit, with two decimals.\n")
	if err != nil {
		return err
	}
	s.brokenAt = time.Now()
	if err := s.config.push(ctx, "Chris"); err != nil {
		return err
	}
	v, err := s.verified(ctx, head)
	if err != nil {
		return err
	}
	return s.blamed(v)
}

// blamed holds the Cause against what the story knows.
func (s *story) blamed(v *history.Verification) error {
	if err := expect(v, gate.Failed); err != nil {
		return err
	}
	if v.Cause == nil || len(v.Cause.Suspects) != 1 || v.Cause.Suspects[0].Commit != s.bad {
		return fmt.Errorf("commit %.8s is to blame, and Assay says: %+v", s.bad, v.Cause)
	}
	s.tellCause(v)
	return nil
}

func (s *story) proposed(ctx context.Context) error {
	incident, proposals, err := s.untilProposed(ctx)
	if err != nil {
		return err
	}
	if len(proposals) != 1 {
		return fmt.Errorf("there are %d proposals for incident %s", len(proposals), incident.ID)
	}
	s.proposal = proposals[0]
	return s.tellProposal(ctx)
}

func (s *story) merged(ctx context.Context) error {
	merge, err := s.config.merge(ctx, "Ana", s.proposal.Branch)
	if err != nil {
		return err
	}
	s.say(cyan, ">", "Ana reviews it, and merges it with plain git: %.8s", merge)
	return s.untilMerged(ctx, merge)
}

func (s *story) recovers(ctx context.Context) error {
	if err := s.headPasses(ctx); err != nil {
		return err
	}
	incident, err := s.untilClosed(ctx)
	if err != nil {
		return err
	}
	if incident.State != history.Recovered {
		return fmt.Errorf("the incident ended %s: %s", incident.State, incident.Reason)
	}
	s.say(green, "✓", "Incident %s: %s. From the bad push to recovery: %.1f s.", incident.State, incident.Reason,
		incident.Closed.Sub(s.brokenAt).Seconds())
	return nil
}

// settingsFile is where an environment's own settings of a service are.
func (s *story) settingsFile(environment, service string) string {
	return "overlays/" + environment + "/" + service + ".env"
}

// change commits something to the clone of the config repository, and tells it.
func (s *story) change(ctx context.Context, author, subject string, edit func() error) (string, error) {
	if err := edit(); err != nil {
		return "", err
	}
	id, err := s.config.commit(ctx, author, subject)
	if err == nil {
		s.say(cyan, ">", "%s commits %.8s %q", author, id, subject)
	}
	return id, err
}

func (s *story) changeReadme(ctx context.Context, author, subject, text string) (string, error) {
	return s.change(ctx, author, subject, func() error {
		readme, err := s.config.read("README.md")
		if err != nil {
			return err
		}
		return s.config.write("README.md", readme+text)
	})
}

func expect(v *history.Verification, outcome gate.Outcome) error {
	if v.Verdict.Outcome != outcome {
		return fmt.Errorf("the verdict is %s, and should be %s: %s", v.Verdict.Outcome, outcome, v.Verdict.Reason)
	}
	return nil
}
