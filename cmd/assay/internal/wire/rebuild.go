package wire

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/reconciler/history"
	"github.com/assay-dev/assay/reconciler/notes"
	"github.com/assay-dev/assay/sources/git"
)

// Trust says whose notes count for an Environment: those that one of the keys signed, or everybody's.
type Trust struct {
	Keys     *git.Keyring
	Everyone bool
}

// Rebuild gives the history in the data directory the last passed states of an Environment back that are noted in its config repositories.
// It makes a history where there is none, and may be called while an Assay runs there.
func Rebuild(ctx context.Context, s Settings, env Environment, trust Trust) (results []notes.Result, problems []error, err error) {
	if _, err := os.Stat(keyFile(s.DataDir)); errors.Is(err, fs.ErrNotExist) && s.Database == "" {
		return nil, nil, fmt.Errorf("the key of digests is not in %s: bring its file %s back from a copy of the old data; what is noted compares with no other key",
			s.DataDir, filepath.Base(keyFile(s.DataDir)))
	}
	place := HistoryPlace(s.DataDir, s.Database)
	store, err := history.OpenBeside(ctx, place)
	if errors.Is(err, fs.ErrNotExist) {
		store, err = history.Open(ctx, place)
	}
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	key, err := s.digestKey(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	rebuild := notes.Rebuild{
		Environment: env.Name, Tests: git.Normalize(env.Tests.URL), Repositories: map[string]string{},
		Trusted: trust.Keys, TrustAll: trust.Everyone, DigestKey: notes.Fingerprint(key), History: store, Now: time.Now(),
		Mirrors: git.NewMirrors(filepath.Join(s.DataDir, mirrorsDir), s.Auth, clock.RealClock{}),
	}
	for _, repository := range env.Repositories {
		rebuild.Repositories[git.Normalize(repository.URL)] = repository.URL
	}
	results, problems, err = rebuild.Do(ctx)
	if err != nil {
		err = fmt.Errorf("environment %s: %w", env.Name, err)
	}
	return results, problems, err
}
