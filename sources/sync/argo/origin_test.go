package argo_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
	syncs "github.com/assay-dev/assay/sources/sync"
	"github.com/assay-dev/assay/sources/sync/argo"
	"github.com/assay-dev/assay/sources/sync/track/tracktest"
)

// fromSource has the Application be synced from one source, at a revision.
func fromSource(source, revision string) fields {
	return fields{
		"spec.source": source, "status.sync.comparedTo.source": source, "status.operationState.syncResult.source": source, "status.history": "",
		"status.sync.revision": revision, "status.operationState.syncResult.revision": revision,
	}
}

// fromSources is fromSource for several.
func fromSources(sources, revisions string) fields {
	all := fields{"spec.sources": sources, "status.sync.comparedTo.sources": sources, "status.operationState.syncResult.sources": sources,
		"status.sync.revisions": revisions, "status.operationState.syncResult.revisions": revisions, "status.history": ""}
	for _, single := range []string{"spec.source", "status.sync.comparedTo.source", "status.operationState.syncResult.source", "status.sync.revision"} {
		all[single] = ""
	}
	return all
}

func TestWhichBranchIsFollowed(t *testing.T) {
	for name, test := range map[string]struct{ revision, branch string }{
		"a branch":               {"main", "main"},
		"a branch with a slash":  {"env/prod", "env/prod"},
		"a branch in full":       {"refs/heads/main", "main"},
		"the default branch":     {"HEAD", "main"},
		"nothing said":           {"", "main"},
		"a tag":                  {"v1.0.0", ""},
		"a tag in full":          {"refs/tags/v1.0.0", ""},
		"a range of versions":    {"v1.*", ""},
		"a commit":               {"{{SECOND}}", ""},
		"the beginning of a one": {"0123abc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				source := "{path: apps/shop, repoURL: " + tracktest.URL + ", targetRevision: \"" + test.revision + "\"}"
				w.Write(w.edited(w.load("shop"), fromSource(source, "\"{{SECOND}}\"")))
				w.run()
				state := w.One()
				require.NotNil(t, state.Sync, state.Reason)
				require.Equal(t, test.branch, state.Sync.Revisions[0].Branch)
				require.Empty(t, state.Reason)
			})
		})
	}
}

func TestWhatIsRenderedFollowsTheApplication(t *testing.T) {
	digests := map[string]string{}
	for _, source := range []string{
		"{path: apps/shop, repoURL: " + tracktest.URL + ", targetRevision: main}",
		"{path: apps/shop, repoURL: " + tracktest.URL + ", targetRevision: main, kustomize: {nameSuffix: -a}}",
		"{path: chart, repoURL: " + tracktest.URL + ", targetRevision: main}",
		"{path: chart, repoURL: " + tracktest.URL + ", targetRevision: main, helm: {valuesObject: {replicas: 2}}}",
		"{path: apps/parent, repoURL: " + tracktest.URL + ", targetRevision: main, directory: {include: other.yaml}}",
	} {
		in(t, func(t *testing.T, w *world) {
			w.Write(w.edited(w.load("shop"), fromSource(source, "\"{{SECOND}}\"")))
			w.run()
			state := w.One()
			require.NotNil(t, state.Sync, state.Reason)
			require.NotEmpty(t, state.Sync.Digest, source)
			require.Equal(t, render.ArgoCD, state.Build.Engine)
			digests[state.Sync.Digest] = source
		})
	}
	require.Len(t, digests, 5)
}

func TestWhatIsNotBuiltHereHasNoDigest(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		source := "{path: apps/shop, repoURL: " + tracktest.URL + ", targetRevision: main, plugin: {name: cdk8s}}"
		w.Write(w.edited(w.load("shop"), fromSource(source, "\"{{SECOND}}\"")))
		w.run()
		state := w.One()
		require.Equal(t, "Applied SECOND", w.told(state.Sync))
		require.Empty(t, state.Sync.Digest)
	})
}

func TestSeveralSources(t *testing.T) {
	const sources = `[{chart: redis, repoURL: https://charts.example.com, targetRevision: 20.*, helm: {valueFiles: [$shop/values/web.yaml]}},
 {ref: shop, repoURL: ` + tracktest.URL + `, targetRevision: main},
 {path: apps/shop, repoURL: ` + tracktest.URL + `, targetRevision: main}]`
	synced := func(chart, commit string) fields {
		return fromSources(sources, "[\""+chart+"\", \"{{"+commit+"}}\", \"{{"+commit+"}}\"]")
	}
	in(t, func(t *testing.T, w *world) {
		w.Write(w.edited(w.load("shop"), synced("20.1.0", "SECOND")))
		w.run()
		first := w.One()
		require.Equal(t, "Applied SECOND SECOND", w.told(first.Sync), "a chart has no commit")
		require.Equal(t, []string{".", "apps/shop"}, []string{first.Sync.Revisions[0].Path, first.Sync.Revisions[1].Path})
		require.Equal(t, []string{"values/web.yaml"}, first.BuildOf(first.Sync.Revisions[0]).Application.Inputs)
		require.Empty(t, first.BuildOf(first.Sync.Revisions[1]).Application.Inputs)

		digests := []string{first.Sync.Digest}
		for _, next := range []fields{synced("20.1.1", "SECOND"), synced("20.1.0", "ELSEWHERE")} {
			w.Write(w.edited(w.load("shop"), next))
			digests = append(digests, w.One().Sync.Digest)
		}
		slices.Sort(digests)
		require.Len(t, slices.Compact(digests), 3, "the chart's version and its values count")
	})
}

func TestValuesOfAnotherSource(t *testing.T) {
	const sources = `[{path: chart, repoURL: ` + tracktest.URL + `, targetRevision: main, helm: {valueFiles: [$values/values/web.yaml]}},
 {ref: values, repoURL: ` + tracktest.URL + `, targetRevision: main}]`
	in(t, func(t *testing.T, w *world) {
		w.Write(w.edited(w.load("shop"), fromSources(sources, "[\"{{SECOND}}\", \"{{SECOND}}\"]")))
		w.run()
		before := w.One()
		require.NotEmpty(t, before.Sync.Digest)
		w.Write(w.edited(w.load("shop"), fromSources(sources, "[\"{{SECOND}}\", \"{{ELSEWHERE}}\"]")))
		after := w.One()
		require.Equal(t, "Applied SECOND ELSEWHERE", w.told(after.Sync))
		require.NotEqual(t, before.Sync.Digest, after.Sync.Digest)
		require.Equal(t, after.Sync.At, after.Sync.Since)
	})
}

func TestAChartAloneHasNoCommit(t *testing.T) {
	const source = "{chart: redis, repoURL: https://charts.example.com, targetRevision: 20.1.0}"
	in(t, func(t *testing.T, w *world) {
		w.Write(w.edited(w.load("shop"), fromSource(source, "20.1.0")))
		w.run()
		state := w.One()
		require.Equal(t, "Applied", w.told(state.Sync))
		require.NotEmpty(t, state.Sync.Digest)
		w.Write(w.edited(w.edited(w.load("shop"), fromSource(source, "20.1.0")), fields{"status.health.status": "Progressing"}))
		state = w.One()
		require.Nil(t, state.Pending)
		require.Equal(t, "Argo CD: its health is Progressing", state.Reason)
	})
}

func TestAHydratedSourceIsItsDryOne(t *testing.T) {
	hydrated := func(more fields) fields {
		const source = "{repoURL: " + tracktest.URL + ", path: env/prod, targetRevision: env/prod}"
		all := fields{
			"spec.source":         "",
			"spec.sourceHydrator": "{drySource: {repoURL: " + tracktest.URL + ", targetRevision: main, path: apps/shop}, syncSource: {targetBranch: env/prod, path: env/prod}}",
			"status.sourceHydrator": `{lastSuccessfulOperation: {drySHA: "{{FIRST}}", hydratedSHA: "{{ELSEWHERE}}"},
 currentOperation: {phase: Hydrated, drySHA: "{{FIRST}}", hydratedSHA: "{{ELSEWHERE}}", startedAt: "2026-05-04T11:49:00Z"}}`,
			"status.sync.comparedTo.source": source, "status.sync.revision": "\"{{ELSEWHERE}}\"", "status.history": "",
			"status.operationState.syncResult.source": source, "status.operationState.syncResult.revision": "\"{{ELSEWHERE}}\"",
		}
		maps.Copy(all, more)
		return all
	}
	for name, test := range map[string]struct {
		edits                 fields
		sync, pending, reason string
	}{
		"the last that was hydrated": {sync: "Applied FIRST"},
		"one that says itself what it was made from": {
			edits: fields{"status.sync.revision": "\"{{HYDRATED}}\"", "status.operationState.syncResult.revision": "\"{{HYDRATED}}\""}, sync: "Applied SECOND",
		},
		"one that does not say": {
			edits: fields{"status.sync.revision": "\"{{SECOND}}\"", "status.operationState.syncResult.revision": "\"{{SECOND}}\""}, reason: "does not say which dry commit",
		},
		"being hydrated": {
			edits:   fields{"status.sourceHydrator.currentOperation": "{phase: Hydrating, drySHA: \"{{SECOND}}\"}"},
			pending: "Failed SECOND BuildFailed: Argo CD is hydrating it",
		},
		"not to be hydrated": {
			edits: fields{"status.sourceHydrator.currentOperation": "{phase: Failed, drySHA: \"{{SECOND}}\", message: kustomize build failed}"},
			sync:  "Failed SECOND BuildFailed: Argo CD could not hydrate it: kustomize build failed",
		},
		"not to be hydrated, since Git is away": {
			edits:   fields{"status.sourceHydrator.currentOperation": "{phase: Failed, message: 'failed to list refs: no such host'}"},
			pending: "Failed BROKEN Unreachable: Argo CD could not hydrate it: failed to list refs: no such host",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.Write(w.edited(w.load("shop"), hydrated(test.edits)))
				w.run()
				state := w.One()
				require.Equal(t, test.sync, w.told(state.Sync), state.Reason)
				require.Equal(t, test.pending, w.told(state.Pending), state.Reason)
				require.Contains(t, state.Reason, test.reason)
				for _, s := range []*syncs.Sync{state.Sync, state.Pending} {
					if s != nil {
						require.Equal(t, "main", s.Revisions[0].Branch)
						require.Equal(t, "apps/shop", s.Revisions[0].Path)
					}
				}
			})
		})
	}
}

func TestWhereAnApplicationIsWritten(t *testing.T) {
	parent := func(w *world) {
		const source = "{path: apps/parent, repoURL: " + tracktest.URL + ", targetRevision: main}"
		u := w.edited(w.load("shop"), fromSource(source, "\"{{SECOND}}\""))
		u.SetName("parent")
		w.Write(u)
	}
	const tracking = "{argocd.argoproj.io/tracking-id: \"parent:argoproj.io/Application:argocd/shop\"}"
	for name, test := range map[string]struct {
		edits fields
		set   string
		kind  string
	}{
		"by annotation":        {edits: fields{"metadata.annotations": tracking}, kind: "Application"},
		"by annotation, named": {edits: fields{"metadata.annotations": "{argocd.argoproj.io/tracking-id: \"argocd_parent:argoproj.io/Application:argocd/shop\"}"}, kind: "Application"},
		"by label":             {edits: fields{"metadata.labels": "{app.kubernetes.io/instance: parent}"}, kind: "Application"},
		"by nobody":            {},
		"by an ApplicationSet": {
			edits: fields{"metadata.ownerReferences": "[{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, name: shops, uid: a, controller: true, blockOwnerDeletion: true}]"},
			set:   tracking, kind: "ApplicationSet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.Write(w.edited(w.load("shop"), test.edits))
				if test.set != "" {
					w.Write(w.Object("{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, metadata: {name: shops, namespace: argocd, annotations: " + test.set + "}}"))
				}
				parent(w)
				w.run()
				states := w.States()
				require.Len(t, states, 2)
				written := states[1].Definition
				if test.kind == "" {
					require.Nil(t, written)
					return
				}
				require.Equal(t, "parent", written.By.Name)
				require.Equal(t, w.Commits["SECOND"], written.Revision.Commit)
				require.Equal(t, test.kind, written.Build.Only[0].Kind)
				mirror, err := w.Mirrors.Mirror(tracktest.URL)
				require.NoError(t, err)
				hash, err := git.ParseHash(written.Revision.Commit)
				require.NoError(t, err)
				commit, err := mirror.Repository().Commit(t.Context(), hash)
				require.NoError(t, err)
				built, err := render.NewBuilder(nil).Build(t.Context(), git.FS(t.Context(), mirror.Repository(), commit.Tree), written.Revision.Path, written.Build)
				require.NoError(t, err)
				require.Len(t, built.Objects, 1)
				require.Equal(t, test.kind, built.Objects[0].Kind)
			})
		})
	}
}

func TestCredentials(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		secret := func(name, kind, data string) {
			w.Write(w.Object("{apiVersion: v1, kind: Secret, metadata: {name: " + name + ", namespace: argocd, labels: {argocd.argoproj.io/secret-type: " +
				kind + "}}, data: " + data + "}"))
		}
		encoded := func(url, more string) string { return "{url: " + base64(url) + more + "}" }
		secret("shop", "repository", encoded(tracktest.URL, ", username: "+base64("ada")+", password: "+base64("own")))
		secret("bare", "repository", encoded("https://git.example.com/team/bare.git", ""))
		secret("all", "repo-creds", encoded("https://git.example.com", ", password: "+base64("all")))
		secret("team", "repo-creds", encoded("https://git.example.com/team/", ", bearerToken: "+base64("team")))
		secret("ssh", "repository", encoded("git@ssh.example.com:shop.git", ", sshPrivateKey: "+base64("key")))
		secret("app", "repository", encoded("https://app.example.com/shop", ", githubAppID: "+base64("1")))
		secret("cluster", "cluster", encoded("https://git.example.com/cluster", ", password: "+base64("no")))
		w.Write(w.Object("{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-ssh-known-hosts-cm, namespace: argocd}, data: {ssh_known_hosts: hosts}}"))
		w.Write(w.Object("{apiVersion: v1, kind: ConfigMap, metadata: {name: argocd-tls-certs-cm, namespace: argocd}, data: {git.example.com: certificate}}"))
		w.run()
		for address, want := range map[string]git.Auth{
			tracktest.URL:                           {Username: "ada", Password: "own", CA: []byte("certificate")},
			"https://git.example.com/team/bare.git": {BearerToken: "team", CA: []byte("certificate")},
			"https://git.example.com/team/new":      {BearerToken: "team", CA: []byte("certificate")},
			"https://git.example.com/other":         {Password: "all", CA: []byte("certificate")},
			"ssh://git@ssh.example.com/shop.git":    {SSHKey: []byte("key"), KnownHosts: []byte("hosts")},
		} {
			got, err := w.source.Auth(t.Context(), git.Normalize(address))
			require.NoError(t, err, address)
			if len(got.CA) == 0 {
				got.CA = nil
			}
			require.Equal(t, want, got, address)
		}
		_, err := w.source.Auth(t.Context(), "elsewhere.example.com/shop")
		require.ErrorIs(t, err, argo.ErrNoAuth)
		_, err = w.source.Auth(t.Context(), "app.example.com/shop")
		require.ErrorContains(t, err, "GitHub App")
	})
}
