package flux_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	"github.com/assay-dev/assay/sources/sync/flux"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

// built is Flux's digest of what a folder renders at a commit: of the text that kustomize prints.
func (w *world) built(commit, folder string) string {
	w.T.Helper()
	mirror, err := w.Mirrors.Mirror("https://git.example.com/shop.git")
	require.NoError(w.T, err)
	hash, err := git.ParseHash(w.Commits[commit])
	require.NoError(w.T, err)
	require.NoError(w.T, mirror.Fetch(w.T.Context(), hash))
	at, err := mirror.Repository().Commit(w.T.Context(), hash)
	require.NoError(w.T, err)
	r, err := w.builder.Build(w.T.Context(), git.FS(w.T.Context(), mirror.Repository(), at.Tree), folder, render.Settings{Engine: render.Flux})
	require.NoError(w.T, err)
	sum := sha256.Sum256(r.YAML())
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Of sources whose files are not simply those of a commit, Flux's own digest tells which folder was built.
func TestAnOriginIsProvedByFluxsOwnDigest(t *testing.T) {
	const anyDigest = "sha256:1f8e5ad2bd9c0d9f3ce2f79a9f66e3b8b9d1b4c6de7b1ef7e5a2c1ad0b9d8e7f"
	for file, commit := range map[string]string{"oci": "SECOND", "external-artifact": "SECOND", "include-that-is-what-is-built": "FIRST"} {
		t.Run(file, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.apply(read(t, "testdata/source.yaml"))
				w.apply(strings.ReplaceAll(read(t, "testdata/states/"+file+".yaml"), anyDigest, w.built(commit, "apps/shop")))
				w.run()
				s := w.One()
				require.Equal(t, commit, w.commit(s.Sync))
				require.Equal(t, "apps/shop", s.Sync.Revisions[0].Path)
				require.NotEmpty(t, s.Sync.Digest)
				require.Empty(t, s.Build.Unknown)
			})
		})
	}
}

func TestVariablesAreReadAgainWhenFluxBuiltSomethingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(read(t, "testdata/source.yaml"))
		text := read(t, "testdata/states/variables.yaml")
		w.apply(text)
		w.run()
		before := w.One()
		require.Equal(t, map[string]string{"color": "blue"}, before.Build.PostBuild.From)

		w.apply("{apiVersion: v1, kind: Secret, metadata: {name: secret-colors, namespace: flux-system}, data: {color: cGluaw==}}")
		require.Same(t, before.Sync, w.One().Sync, "what runs is built from the old value")
		parts := strings.Split(text, "\n---\n")
		w.apply(strings.ReplaceAll(parts[2], "sha256:1f8e", "sha256:ffff"))
		after := w.One()
		require.Equal(t, before.Sync.Revisions, after.Sync.Revisions)
		require.NotEqual(t, before.Sync.Digest, after.Sync.Digest)
	})
}

func TestASecretThatMayNotBeReadLeavesTheBuildUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(read(t, "testdata/source.yaml"))
		w.apply(read(t, "testdata/states/variables.yaml"))
		var answer error = apierrors.NewForbidden(resources["Secret"].GroupResource(), "secret-colors", errors.New("no RBAC policy matched"))
		w.Objects.PrependReactor("get", "secrets", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, answer })
		w.run()
		s := w.One()
		require.Equal(t, "spec.postBuild.substituteFrom: Secret flux-system/secret-colors may not be read by Assay", s.Build.Unknown)
		require.Empty(t, s.Sync.Digest, "its commit stands in")
	})
}

func TestKindsThatMayNotBeReadAreToldOf(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		refused := apierrors.NewForbidden(resources["Kustomization"].GroupResource(), "", errors.New("no RBAC policy matched"))
		w.Objects.PrependReactor("list", "kustomizations", func(clienttesting.Action) (bool, runtime.Object, error) { return true, nil, refused })
		w.run()
		synctest.Wait()
		states, err := w.source.Targets(t.Context())
		require.Empty(t, states)
		require.ErrorContains(t, err, "Assay may not read kustomizations.kustomize.toolkit.fluxcd.io: allow it to get, list and watch them")
	})
}

// A Kustomization may be seen to have applied a commit before the HelmRelease is seen to have changed with it.
func TestAReleaseThatIsBehindItsKustomizationIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(read(t, "testdata/source.yaml"))
		w.apply(read(t, "testdata/states/release.yaml"))
		w.Objects.PrependReactor("get", "helmreleases", func(clienttesting.Action) (bool, runtime.Object, error) {
			return true, tracktest.Object(t, "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: web, namespace: shop, generation: 2}}"), nil
		})
		w.run()
		release := w.States()[0]
		require.Nil(t, release.Sync)
		require.Equal(t, "its newest spec was not seen yet", release.Reason)
	})
}

func TestARepositoryThatCannotBeFetchedIsAReasonAndTriedAgain(t *testing.T) {
	story(t, func(t *testing.T, w *world) {
		w.apply(edited(t, "testdata/source.yaml", func(o *unstructured.Unstructured) {
			set(t, o, "https://git.example.com/late.git", "spec", "url")
		}))
		late := git.NewMemory()
		w.Mirrors.Serve("https://git.example.com/late.git", late)
		var away atomic.Bool
		away.Store(true)
		late.Fail(func(string) error {
			if away.Load() {
				return errors.New("the server is away")
			}
			return nil
		})
		w.run()
		require.Contains(t, w.One().Reason, "what it renders is not known: fetch ")
		require.Contains(t, w.One().Reason, "the server is away")
		require.Nil(t, w.One().Sync)
		away.Store(false)
		time.Sleep(time.Hour)
		require.NotContains(t, w.One().Reason, "the server is away")
	})
}

func TestAuthIsWhatFluxUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.apply(read(t, "testdata/auth.yaml"))
		w.run()
		synctest.Wait()
		get := func(repository string) git.Auth {
			auth, err := w.source.Auth(t.Context(), repository)
			require.NoError(t, err, repository)
			return auth
		}
		basic := get("git.example.com/basic")
		require.Equal(t, "ada", basic.Username)
		password, err := basic.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "hunter2", password)
		w.apply("{apiVersion: v1, kind: Secret, metadata: {name: basic, namespace: flux-system}, data: {password: bmV3}}")
		password, err = basic.Token(t.Context())
		require.NoError(t, err)
		require.Equal(t, "new", password, "it was renewed")
		require.Equal(t, "-----BEGIN CERTIFICATE-----", string(basic.CA))
		require.Equal(t, "http://bob:pass@proxy.example.com:3128", basic.Proxy)
		require.Equal(t, "token", get("git.example.com/bearer").BearerToken)
		ssh := get("git.example.com/ssh")
		require.Equal(t, "key", string(ssh.SSHKey))
		require.Equal(t, "git.example.com ssh-ed25519 AAAA", string(ssh.KnownHosts))
		require.Equal(t, "hunter2", ssh.SSHKeyPassphrase)
		require.Empty(t, ssh.Password)

		_, err = w.source.Auth(t.Context(), "git.example.com/nobody")
		require.ErrorIs(t, err, flux.ErrNoAuth)
		_, err = w.source.Auth(t.Context(), "git.example.com/app")
		require.ErrorContains(t, err, "it is a GitHub App")
		_, err = w.source.Auth(t.Context(), "git.example.com/missing")
		require.ErrorContains(t, err, "Secret flux-system/gone is not there")
	})
}
