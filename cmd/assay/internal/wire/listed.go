package wire

import "github.com/assay-dev/assay/reconciler/metrics"

// Listed says what of the cluster was never seen yet. There is nothing to see without a cluster, and where another replica watches it.
func (a *Assay) Listed() error {
	if a.cluster == nil || !a.cluster.watching.Load() {
		return nil
	}
	return a.cluster.watched.Listed()
}

// Sources tell of each Environment whether all is known that an engine has to tell: none where another replica watches.
func (a *Assay) Sources() (all []metrics.Source) {
	if a.cluster == nil || !a.cluster.watching.Load() {
		return nil
	}
	for _, environment := range a.environments {
		all = append(all,
			metrics.Source{Environment: environment, Name: "flux", Synced: a.cluster.flux.Missing() == nil},
			metrics.Source{Environment: environment, Name: "argo", Synced: a.cluster.argo.Missing() == nil})
	}
	return all
}
