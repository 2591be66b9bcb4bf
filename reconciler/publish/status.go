package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/gate"
	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
)

// statuses tell Verdicts beside the verified commits, where people look first.
type statuses struct {
	place       Place
	clock       clock.Clock
	log         *slog.Logger
	unsupported bool // the server has none
}

// newsMaxAge is how old what a status tells of may become while it cannot be set; then it is given up.
const newsMaxAge = 24 * time.Hour

func (s *statuses) tell(ctx context.Context, due []history.Publication) (told []history.Publication, err error) {
	var errs []error
	for _, p := range due {
		status, news := statusOf(p)
		if s.unsupported || !news {
			told = append(told, p)
			continue
		}
		err := s.set(ctx, p, status)
		old := s.clock.Now().Sub(newsOf(p)) > newsMaxAge
		switch {
		case err == nil:
			p.Said = said(status)
		case errors.Is(err, gitprovider.ErrUnsupported):
			s.unsupported = true
			s.log.Info("commits get no statuses, since the server has none",
				"environment", s.place.Environment, "repository", git.Redact(s.place.URL))
		case old:
			s.log.Warn("a status is given up, since it could not be set for too long", "commit", p.Commit, "status", status.Context, "error", err)
		case errors.Is(err, gitprovider.ErrUnavailable), errors.Is(err, gitprovider.ErrUnauthorized),
			errors.Is(err, context.DeadlineExceeded), ctx.Err() != nil:
			return told, errors.Join(append(errs, err)...) // the next one would fare no better
		default: // it may be this commit alone
			errs = append(errs, err)
			continue
		}
		told = append(told, p)
	}
	return told, errors.Join(errs...)
}

func (s *statuses) set(ctx context.Context, p history.Publication, status gitprovider.CommitStatus) error {
	commit, err := git.ParseHash(p.Commit)
	if err != nil {
		return fmt.Errorf("status %s: %w", status.Context, err)
	}
	status.URL = statusURL(s.place.StatusURL, p)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return s.place.Provider.SetStatus(ctx, commit, status)
}

// statusURL fills in what the operator's URL leaves open.
func statusURL(pattern string, p history.Publication) string {
	return strings.NewReplacer("{environment}", p.Key.Environment, "{gate}", p.Key.Gate, "{verification}", p.Verification.ID).Replace(pattern)
}

// said is what history keeps of a status, so that the same is not said again.
func said(s gitprovider.CommitStatus) string { return string(s.State) + ": " + s.Description }

// statusOf is what a commit's status is to be, and whether that is news to who reads it there. A look that was merely due takes no Verdict
// back while it runs, and none that is superseded does.
func statusOf(p history.Publication) (s gitprovider.CommitStatus, news bool) {
	v := p.Verification
	s.Context = "assay/" + p.Key.Environment + "/" + p.Key.Gate
	judged := p.Said != "" && !strings.HasPrefix(p.Said, string(gitprovider.StatusPending))
	switch v.Phase {
	case history.Running:
		if judged && v.Occasion.Kind == history.OnDue {
			return s, false
		}
		s.State, s.Description = gitprovider.StatusPending, "verifying: "+v.Reason
	case history.Blaming:
		s.State, s.Description = gitprovider.StatusPending, "failed, and the cause is looked for: "+v.Verdict.Reason
	case history.Superseded:
		if judged {
			return s, false
		}
		s.State, s.Description = gitprovider.StatusError, "not judged: "+v.Reason
	case history.Done:
		s.State, s.Description = stateOfOutcome(v.Verdict.Outcome), v.Verdict.Reason
		if v.Cause != nil {
			s.Description = string(v.Cause.Kind) + ": " + s.Description
		}
	}
	if p.SameAs != "" {
		s.Description = fmt.Sprintf("renders the same as %.8s: %s", p.SameAs, s.Description)
	}
	s.Description = oneLine(s.Description)
	return s, said(s) != p.Said
}

func stateOfOutcome(o gate.Outcome) gitprovider.StatusState {
	switch o {
	case gate.Passed:
		return gitprovider.StatusSuccess
	case gate.Failed:
		return gitprovider.StatusFailure
	}
	return gitprovider.StatusError
}

// descriptionLength is what every server shows of a description, in characters.
const descriptionLength = 140

// oneLine is a text in one line that every server takes.
func oneLine(text string) string {
	line := []rune(strings.Join(strings.Fields(text), " "))
	if len(line) > descriptionLength {
		line = append(line[:descriptionLength-1], '…')
	}
	return string(line)
}

// newsOf is when what a Publication tells of came about.
func newsOf(p history.Publication) time.Time {
	return slices.MaxFunc([]time.Time{p.Verification.Started, p.Verification.Finished, p.Inherited}, time.Time.Compare)
}
