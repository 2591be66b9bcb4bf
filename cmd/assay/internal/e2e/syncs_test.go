//go:build e2e

package e2e

import "testing"

// syncCases are the ways in which a sync may go, by the kind of the Target.
var syncCases = map[string]map[string]func(*app){
	"Kustomization": {
		"does-not-build":    doesNotBuild,
		"never-healthy":     neverHealthy,
		"old-pods":          oldPods,
		"suspended":         suspended,
		"depends-on":        dependsOn,
		"forced":            forced,
		"quick-succession":  quickSuccession,
		"slow-suite":        slowSuite,
		"elsewhere":         elsewhere,
		"defined-by-parent": definedByParent,
		"plain-folder":      plainFolder,
		"oci":               fromOCI,
	},
	"Application": {
		"argo-does-not-build":   argoDoesNotBuild,
		"argo-never-healthy":    argoNeverHealthy,
		"argo-old-pods":         argoOldPods,
		"argo-manual":           argoManual,
		"argo-several-sources":  argoSeveralSources,
		"argo-forced-elsewhere": argoForcedElsewhere,
	},
}

// TestRealSyncs has real Flux and real Argo CD sync in every way that they may, and one Assay watch.
func TestRealSyncs(t *testing.T) {
	t.Parallel()
	kinds := map[string]string{}
	for kind, cases := range syncCases {
		for name := range cases {
			kinds[name] = kind
		}
	}
	s := newScene(t, shared(t), kinds)
	for _, cases := range syncCases {
		for name, run := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				run(s.newApp(t, name))
			})
		}
	}
}
