package kubernetes

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

func withServices(services ...tests.Service) runner.Job {
	suite := &tests.Suite{}
	suite.Spec.Services = services
	suite.Default()
	return runner.Job{ID: "run-1", Suite: suite}
}

func emptyPod() *corev1.PodSpec {
	return &corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: fetchContainer}},
		Containers:     []corev1.Container{{Name: runContainer, ImagePullPolicy: corev1.PullNever}},
	}
}

func TestSidecars(t *testing.T) {
	spec := emptyPod()
	job := withServices(
		tests.Service{
			Name: "db", Image: "postgres:17", Args: []string{"-c", "fsync=off"}, Ports: []int{5432}, Resources: tests.Resources{Limits: tests.ResourceList{Memory: "256Mi"}},
			Env: []tests.EnvVar{{Name: "PGDATA", Value: "/tmp/db"}, {Name: "POSTGRES_PASSWORD", ValueFrom: &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: "db", Key: "password"}}}},
		},
		tests.Service{Name: "kafka", Path: "services/kafka"},
		tests.Service{Name: "mock", Image: "mock"},
	)
	require.NoError(t, Sidecars(job, spec))
	require.Len(t, spec.InitContainers, 3, "after the files are there, and without what is a folder")
	require.Len(t, spec.Containers, 1)
	db, mock := spec.InitContainers[1], spec.InitContainers[2]
	require.Equal(t, "service-db", db.Name)
	require.Equal(t, corev1.ContainerRestartPolicyAlways, *db.RestartPolicy)
	require.Equal(t, corev1.PullNever, db.ImagePullPolicy)
	require.Equal(t, []corev1.Capability{"ALL"}, db.SecurityContext.Capabilities.Drop)
	require.False(t, *db.SecurityContext.AllowPrivilegeEscalation)
	require.Equal(t, int64(256<<20), db.Resources.Limits.Memory().Value())
	require.Equal(t, "password", db.Env[1].ValueFrom.SecretKeyRef.Key)
	require.Empty(t, db.VolumeMounts)
	require.Equal(t, intstr.FromInt32(5432), db.StartupProbe.TCPSocket.Port)
	require.EqualValues(t, 120, db.StartupProbe.FailureThreshold)
	require.Nil(t, mock.StartupProbe, "it is ready at once")
}

func TestWhenASidecarIsReady(t *testing.T) {
	for name, test := range map[string]struct {
		ready tests.Ready
		want  corev1.ProbeHandler
	}{
		"tcp":  {tests.Ready{TCP: 81}, corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(81)}}},
		"http": {tests.Ready{HTTP: &tests.HTTPReady{Port: 80, Path: "/healthz"}}, corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Port: intstr.FromInt32(80), Path: "/healthz"}}},
		"exec": {tests.Ready{Exec: []string{"pg_isready"}}, corev1.ProbeHandler{Exec: &corev1.ExecAction{Command: []string{"pg_isready"}}}},
	} {
		probe := startupProbe(tests.Service{Image: "a", Ports: []int{1}, Ready: &test.ready, Timeout: tests.Duration{Duration: 1500 * time.Millisecond}})
		require.Equal(t, test.want, probe.ProbeHandler, name)
		require.EqualValues(t, 2, probe.FailureThreshold, name)
	}
}

func TestSidecarsGetNoneOfAssaysSecrets(t *testing.T) {
	own := &tests.EnvVarSource{SecretKeyRef: tests.SecretKeyRef{Name: objectName("run-1"), Key: tokenKey}}
	err := Sidecars(withServices(tests.Service{Name: "db", Image: "a", Env: []tests.EnvVar{{Name: "T", ValueFrom: own}}}), emptyPod())
	require.ErrorAs(t, err, new(*runner.Refusal))
	require.ErrorContains(t, err, "are Assay's own")
}
