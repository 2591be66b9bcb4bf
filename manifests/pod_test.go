package manifests

import (
	"net"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/assay-dev/assay/reconciler/server"
)

// deployment of a folder, and its only container.
func deployment(t *testing.T, folder string) (*appsv1.Deployment, corev1.Container) {
	t.Helper()
	d := one[appsv1.Deployment](t, folder, "Deployment", "assay")
	require.Len(t, d.Spec.Template.Spec.Containers, 1)
	return d, d.Spec.Template.Spec.Containers[0]
}

// one object of a folder, by its kind and name.
func one[T any](t *testing.T, folder, kind, name string) *T {
	t.Helper()
	for _, o := range build(t, folder).Objects {
		if o.Kind == kind && o.Name == name {
			found := new(T)
			require.NoError(t, o.Decode(found))
			return found
		}
	}
	require.FailNow(t, "there is none", "%s %s in %s", kind, name, folder)
	return nil
}

var digest = regexp.MustCompile(`^[a-z0-9.-]+/[a-z0-9./-]+@sha256:[0-9a-f]{64}$`)

func TestPodIsRestricted(t *testing.T) {
	for _, folder := range append(overlays, everything) {
		t.Run(folder, func(t *testing.T) {
			d, c := deployment(t, folder)
			pod := d.Spec.Template.Spec
			require.Regexp(t, digest, c.Image, "a tag can be moved, a digest cannot")
			require.Empty(t, pod.InitContainers)
			require.True(t, *pod.SecurityContext.RunAsNonRoot)
			require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
			require.True(t, *c.SecurityContext.ReadOnlyRootFilesystem)
			require.False(t, *c.SecurityContext.AllowPrivilegeEscalation)
			require.Equal(t, []corev1.Capability{"ALL"}, c.SecurityContext.Capabilities.Drop)
			require.Empty(t, c.SecurityContext.Capabilities.Add)
			require.False(t, pod.HostNetwork || pod.HostPID || pod.HostIPC)
			require.False(t, *pod.EnableServiceLinks, "the links of Services begin with ASSAY_")
			require.Equal(t, one[corev1.Namespace](t, folder, "Namespace", "assay-system").Labels["pod-security.kubernetes.io/enforce"], "restricted")
			require.Equal(t, one[corev1.Namespace](t, folder, "Namespace", "assay-runs").Labels["pod-security.kubernetes.io/enforce"], "restricted")
		})
	}
}

// TestPortsAreThoseOfTheServer has the ports, the probes, the Service and the NetworkPolicies agree with package server.
func TestPortsAreThoseOfTheServer(t *testing.T) {
	want := map[string]int32{"http": port(t, server.DefaultAddr), "metrics": port(t, server.DefaultMetricsAddr), "health": port(t, server.DefaultHealthAddr)}
	for _, folder := range append(overlays, everything) {
		t.Run(folder, func(t *testing.T) {
			_, c := deployment(t, folder)
			got := map[string]int32{}
			for _, p := range c.Ports {
				got[p.Name] = p.ContainerPort
			}
			require.Equal(t, want, got)
			for path, probe := range map[string][]*corev1.Probe{"/healthz": {c.StartupProbe, c.LivenessProbe}, "/readyz": {c.ReadinessProbe}} {
				for _, p := range probe {
					require.Equal(t, path, p.HTTPGet.Path)
					require.Equal(t, "health", p.HTTPGet.Port.StrVal)
				}
			}
			service := one[corev1.Service](t, folder, "Service", "assay")
			require.Len(t, service.Spec.Ports, 1)
			require.Equal(t, want["http"], service.Spec.Ports[0].Port)
			for _, o := range build(t, folder).Objects {
				if o.Kind != "NetworkPolicy" || o.Namespace != "assay-system" {
					continue
				}
				var policy networkingv1.NetworkPolicy
				require.NoError(t, o.Decode(&policy))
				for _, in := range policy.Spec.Ingress {
					require.NotEmpty(t, in.From, "%s lets everybody in", o.Name)
					for _, p := range in.Ports {
						require.Contains(t, want, p.Port.StrVal, o.Name)
					}
				}
			}
		})
	}
}

func port(t *testing.T, address string) int32 {
	t.Helper()
	_, text, err := net.SplitHostPort(address)
	require.NoError(t, err)
	number, err := strconv.ParseInt(text, 10, 32)
	require.NoError(t, err)
	return int32(number)
}

// TestReplicasHaveWhereTheyAgree keeps SQLite to one replica that is gone before the next begins, and several to PostgreSQL.
func TestReplicasHaveWhereTheyAgree(t *testing.T) {
	for folder, replicas := range map[string]int32{"overlays/dev": 1, "overlays/staging": 1, "overlays/prod": 2} {
		d, _ := deployment(t, folder)
		require.Equal(t, replicas, *d.Spec.Replicas, folder)
		claims, leader := 0, one[corev1.Service](t, folder, "Service", "assay").Spec.Selector["assay.dev/leader"]
		for _, v := range d.Spec.Template.Spec.Volumes {
			if v.PersistentVolumeClaim != nil {
				claims++
			}
		}
		if replicas == 1 {
			require.Equal(t, appsv1.RecreateDeploymentStrategyType, d.Spec.Strategy.Type, folder)
			require.Equal(t, 1, claims, folder)
			require.Empty(t, leader, folder)
		} else {
			require.Equal(t, appsv1.RollingUpdateDeploymentStrategyType, d.Spec.Strategy.Type, folder)
			require.Zero(t, claims, folder)
			require.Equal(t, "true", leader, folder)
		}
	}
}
