package kubernetes

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/yaml"

	"github.com/assay-dev/assay/reconciler/runner/cluster"
	"github.com/assay-dev/assay/sources/tests"
)

var update = flag.Bool("update", false, "write the golden files anew")

func planner(t *testing.T, change func(*Options)) *Runner {
	options := Options{
		Dir: t.TempDir(), Key: key, URL: "http://assay.assay-system:8080", Image: "assay@sha256:1",
		Namespaces: cluster.Namespaces{Default: namespace, Own: map[string]string{"prod": "runs-prod"}}, Rules: Rules{DefaultImage: "busybox:1"},
	}
	if change != nil {
		change(&options)
	}
	r, err := New(fake.NewClientset(), options)
	require.NoError(t, err)
	return r
}

// The whole Job of a Suite that asks for all there is.
func TestJobOf(t *testing.T) {
	r := planner(t, func(o *Options) {
		o.CA = "PEM"
		o.Rules = Rules{
			PullPolicy: corev1.PullAlways, ServiceAccounts: []string{"tester"}, Token: true, PriorityClasses: []string{"low"}, RuntimeClasses: []string{"gvisor"},
			NodeSelector: map[string]string{"pool": "tests"}, Tolerations: []corev1.Toleration{{Key: "tests", Operator: corev1.TolerationOpExists}},
		}
	})
	job := jobOf("v1-verify", "exit 0")
	job.Environment, job.Gate = "prod", "shop works"
	seconds, user := 30, 1000
	spec := &job.Suite.Spec
	spec.Image, spec.Timeout.Duration = "shop-tests:2", 2*time.Minute
	spec.Resources = tests.Resources{Requests: tests.ResourceList{CPU: "500m"}, Limits: tests.ResourceList{Memory: "256Mi"}}
	spec.Env = []tests.EnvVar{{Name: "PLAIN", Value: "is in the order"}, secretRef("PASSWORD", "login", "password")}
	spec.Pod = tests.Pod{
		ServiceAccountName: "tester", AutomountServiceAccountToken: true, PriorityClassName: "low",
		NodeSelector:     map[string]string{"disk": "fast", "pool": "mine"},
		Tolerations:      []tests.Toleration{{Key: "spot", Operator: "Exists", Effect: "NoExecute", TolerationSeconds: &seconds}},
		Affinity:         map[string]any{"podAntiAffinity": map[string]any{"requiredDuringSchedulingIgnoredDuringExecution": []any{map[string]any{"topologyKey": "zone"}}}},
		ImagePullSecrets: []tests.SecretName{{Name: "registry"}},
		Labels:           map[string]string{"team": "shop", labelRun: "forged"}, Annotations: map[string]string{"note": "a"},
		SecurityContext: tests.PodSecurityContext{RunAsUser: &user, ReadOnlyRootFilesystem: true},
	}
	object, err := r.jobOf(job, "digest")
	require.NoError(t, err)
	secret := object.Annotations[annotationSecret]
	text, err := json.Marshal(object)
	require.NoError(t, err)
	require.Contains(t, secret, objectName(job.ID)+"-")
	text, err = yaml.JSONToYAML(bytes.ReplaceAll(text, []byte(secret), []byte(objectName(job.ID)+"-SUFFIX")))
	require.NoError(t, err)
	const golden = "testdata/job.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, text, 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), string(text))
	require.NotContains(t, string(text), "is in the order")
}

func secretRef(variable, name, key string) tests.EnvVar {
	return tests.EnvVar{Name: variable, ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: name, Key: key}}}
}

func TestWhatTheOperatorForbids(t *testing.T) {
	root := 0
	cases := map[string]struct {
		change func(*tests.SuiteSpec)
		reason string
	}{
		"service account": {func(s *tests.SuiteSpec) { s.Pod.ServiceAccountName = "admin" }, "pod.serviceAccountName admin"},
		"account's token": {func(s *tests.SuiteSpec) { s.Pod.AutomountServiceAccountToken = true }, "automountServiceAccountToken"},
		"priority":        {func(s *tests.SuiteSpec) { s.Pod.PriorityClassName = "system-node-critical" }, "pod.priorityClassName"},
		"runtime class":   {func(s *tests.SuiteSpec) { s.Pod.RuntimeClassName = "privileged" }, "pod.runtimeClassName"},
		"root":            {func(s *tests.SuiteSpec) { s.Pod.SecurityContext.RunAsUser = &root }, "user or group 0"},
		"root's group":    {func(s *tests.SuiteSpec) { s.Pod.SecurityContext.FSGroup = &root }, "user or group 0"},
		"affinity":        {func(s *tests.SuiteSpec) { s.Pod.Affinity = map[string]any{"nodeAfinity": 1} }, "nodeAfinity"},
		"another run's token": {
			func(s *tests.SuiteSpec) {
				s.Env = []tests.EnvVar{secretRef("TOKEN", objectName("other")+"-1", "token")}
			}, "Assay's own",
		},
		"no image":         {func(s *tests.SuiteSpec) { s.Image = "" }, "names no image"},
		"services":         {func(s *tests.SuiteSpec) { s.Services = []tests.Service{{Name: "db", Image: "postgres"}} }, "services beside it"},
		"amount of memory": {func(s *tests.SuiteSpec) { s.Resources.Limits.Memory = "much" }, "resources.limits.memory"},
		"amount of CPU":    {func(s *tests.SuiteSpec) { s.Resources.Requests.CPU = "many" }, "resources.requests.cpu"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			r := planner(t, func(o *Options) { o.Rules.DefaultImage = "" })
			job := jobOf("refused", "exit 0")
			job.Suite.Spec.Image = "shop-tests:2"
			test.change(&job.Suite.Spec)
			result, err := r.Run(t.Context(), job)
			require.NoError(t, err)
			require.Equal(t, "NotStarted", string(result.End))
			require.Contains(t, result.Reason, test.reason)
		})
	}
}

func TestOptionsThatAreMissing(t *testing.T) {
	for _, options := range []Options{
		{}, {Dir: "d"}, {Dir: "d", URL: "u"}, {Dir: "d", URL: "u", Image: "i"},
		{Dir: t.TempDir(), URL: "u", Image: "i", Namespaces: cluster.Namespaces{Default: "n"}, Key: []byte("short")},
	} {
		_, err := New(fake.NewClientset(), options)
		require.ErrorContains(t, err, "kubernetes runner")
	}
}
