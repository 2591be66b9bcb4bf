package reconciler

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/assay-dev/assay/rollback/gitprovider"
	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/tests"
)

// Environment is one overlay of the test repository, and what the operator allows there.
type Environment struct {
	Name string
	// Tests is where the overlay is pulled from.
	Tests TestRepository
	// Sources of Syncs, besides the Sites of the overlay.
	Sources []syncs.Source
	// Watch chooses, by their labels, the Targets that are this Assay's; nil is all. Gates that follow none of them are left to others, with
	// whom this one may share its history. All Targets that a Gate follows must be one Assay's.
	Watch labels.Selector
	// Sites follows the Sites of the overlay; nil where the operator allows none.
	Sites SiteSource
	// Mode is the boldest rollback that the operator allows.
	Mode tests.Mode
	// Protect is what the operator protects, besides each Gate.
	Protect tests.Protect
	// Writable are the normalised URLs of the config repositories that Assay may write to.
	Writable map[string]ConfigRepository
	// Statuses has verified commits of these repositories get statuses that link to StatusURL, as publish.Place says.
	Statuses  bool
	StatusURL string
	// Notes has final Verdicts noted in these repositories, as package notes writes them.
	Notes bool
}

// SiteSource is a Source that is told which Sites there are.
type SiteSource interface {
	syncs.Source
	// Follow names the Sites that there are now, and the tree that they were read from.
	Follow(sites []*tests.Site, tree render.Tree)
	// Moved says that branches of a repository moved: Looks from now on ask the server.
	Moved(repository string)
	// Look has a Site looked at once more, now; Changed tells when that is done.
	Look(t syncs.Target)
	// Run watches them until ctx ends.
	Run(ctx context.Context)
}

// TestRepository is where an Environment's tests come from.
type TestRepository struct {
	// URL as git.Mirrors takes it; Branch is the remote's default when empty.
	URL     string
	Branch  string
	Overlay string
	// Keyring, when given, must hold the key that signed the head commit: test repositories hold code that runs.
	Keyring *git.Keyring
	// Interval between two looks at the remote.
	Interval time.Duration
}

// sources are all that tell of Targets.
func (env *Environment) sources() []syncs.Source {
	if env.Sites == nil {
		return env.Sources
	}
	return append([]syncs.Source{env.Sites}, env.Sources...)
}

// ConfigRepository is one that Assay may write to.
type ConfigRepository struct {
	// URL that Assay reads it from and writes it to.
	URL      string
	Provider gitprovider.Provider
	// Reviewers are asked to review its Proposals, by the server's names for them; Labels are put on them.
	Reviewers, Labels []string
}
