package render

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// At its head, the konflux repository has this many kustomizations, and the kustomize command builds so many of them
// without git and network.
const konfluxOverlays, konfluxBuilt = 1225, 868

func TestKonfluxEqualsTheCommand(t *testing.T) {
	dir := clone(t, "konflux-config.bundle")
	tree, kustomize := head(t, dir), command(t)
	folders := overlays(t, tree)
	require.Len(t, folders, konfluxOverlays)

	builder := NewBuilder(nil)
	var (
		mu      sync.Mutex
		built   int
		refused = map[Reason]int{}
	)
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(runtime.NumCPU())
	for _, folder := range folders {
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, time.Minute)
			defer cancel()
			got, err := builder.Build(ctx, tree, folder, Settings{})
			want, wantErr := kustomizeBuild(t, kustomize, dir, folder)
			mu.Lock()
			defer mu.Unlock()
			var refusal *Error
			switch {
			case err == nil && wantErr == nil:
				built++
				if string(want) != string(got.YAML()) {
					t.Errorf("%s: the documents differ from the command's", folder)
				}
			case errors.As(err, &refusal) && wantErr != nil:
				refused[refusal.Reason]++
				if refusal.File == "" || refusal.Detail == "" || len(refusal.Files) == 0 {
					t.Errorf("%s: the refusal does not say why: %+v", folder, refusal)
				}
			default:
				t.Errorf("%s: here %v, with the command %v", folder, err, wantErr)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.Equal(t, konfluxBuilt, built)
	require.Equal(t, map[Reason]int{ReasonRemote: 220, ReasonChart: 69, ReasonInvalid: 68}, refused)
}
