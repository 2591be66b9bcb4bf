package main

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/assay-dev/assay/cmd/assay/internal/settings"
	"github.com/assay-dev/assay/cmd/assay/internal/wire"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes"
	"github.com/assay-dev/assay/sources/sync"
)

// clusterConfig is how the cluster is reached; nil where there is none. The API server bounds by itself how much it is asked.
func clusterConfig(s *settings.Settings) (config *rest.Config, err error) {
	if s.Kubeconfig == "" {
		config, err = rest.InClusterConfig()
	} else {
		config, err = clientcmd.BuildConfigFromFlags("", s.Kubeconfig)
	}
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cluster: %w", err)
	}
	config.QPS, config.UserAgent = -1, "assay/"+thisVersion().Version
	config.WarningHandler = rest.NoWarnings{} // what admission thinks of a Suite's pod is told where it does not start
	return config, nil
}

// clusterWiring says in the words of the rooms what the operator said about the cluster; nil where there is none.
func clusterWiring(ctx context.Context, s *settings.Settings) (*wire.Cluster, error) {
	config, err := clusterConfig(s)
	if err != nil || config == nil {
		return nil, err
	}
	image, err := runImage(ctx, s, config)
	if err != nil {
		return nil, err
	}
	return &wire.Cluster{
		Config: config, Name: s.Cluster, Namespaces: texts(s.WatchNamespaces), ArgoNamespace: string(s.ArgoNamespace),
		NoCrossNamespaceRefs: bool(s.NoCrossNamespaceRefs), Events: bool(s.Events), Annotate: bool(s.Annotate), Instance: holder(),
		Pods: wire.Pods{
			Image: image, URL: s.RunURL, Namespace: settings.DefaultRunNamespace,
			Rules: kubernetes.Rules{
				DefaultImage: s.RunDefaultImage, ServiceAccounts: texts(s.RunServiceAccounts), Token: bool(s.RunTokens), Root: bool(s.RunRoot),
			},
		},
	}, nil
}

// inCluster says what an Environment may see and do in the cluster.
func inCluster(s *settings.Settings, env *settings.Environment, c *wire.Cluster, one *wire.Environment) error {
	chosen, err := labels.Parse(string(env.TargetLabels))
	if err != nil {
		return err
	}
	one.Targets = sync.Rule{Namespaces: texts(env.TargetNamespaces), Labels: chosen}
	one.RunNamespace = string(env.RunNamespace)
	one.InPods = env.Runner == settings.KubernetesRunner || env.Runner == "" && c != nil
	switch {
	case !one.InPods:
	case c == nil:
		return fmt.Errorf("%s is kubernetes, and there is no cluster: set %sKUBECONFIG", env.Variable("RUNNER"), settings.Prefix)
	case c.Pods.Image == "" || c.Pods.URL == "":
		return fmt.Errorf("the Suites of %s run as pods, which need %sRUN_IMAGE and %sRUN_URL; or set %s=process", env.Name, settings.Prefix, settings.Prefix, env.Variable("RUNNER"))
	}
	return nil
}
