package kubernetes

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/sources/tests"
)

// sidecarPrefix begins the names of the containers that are services.
const sidecarPrefix = "service-"

// Sidecars adds the Suite's services that are containers to its pod: native sidecars, which start one after the other before the run, each
// once the one before it is ready, and are ended after it. They know nothing of Assay and see none of the run's files. It has the shape
// that Options.Services asks for.
func Sidecars(job runner.Job, spec *corev1.PodSpec) error {
	for _, service := range job.Suite.Spec.Services {
		if service.Image == "" {
			continue
		}
		container, err := sidecar(service)
		if err != nil {
			return err
		}
		container.ImagePullPolicy = spec.Containers[0].ImagePullPolicy
		spec.InitContainers = append(spec.InitContainers, container)
	}
	return nil
}

func sidecar(service tests.Service) (corev1.Container, error) {
	container := corev1.Container{
		Name: sidecarPrefix + service.Name, Image: service.Image, Command: service.Command, Args: service.Args,
		RestartPolicy: new(corev1.ContainerRestartPolicyAlways),
		StartupProbe:  startupProbe(service), SecurityContext: restricted(false),
	}
	for _, port := range service.Ports {
		container.Ports = append(container.Ports, corev1.ContainerPort{ContainerPort: int32(port)})
	}
	for _, v := range service.Env {
		if v.ValueFrom == nil {
			container.Env = append(container.Env, corev1.EnvVar{Name: v.Name, Value: v.Value})
			continue
		}
		ref := v.ValueFrom.SecretKeyRef
		if strings.HasPrefix(ref.Name, namePrefix) {
			return container, runner.Refuse("services: %s: env %s: secrets that begin with %s are Assay's own", service.Name, v.Name, namePrefix)
		}
		container.Env = append(container.Env, fromSecret(v.Name, ref.Name, ref.Key))
	}
	var err error
	if container.Resources, err = (Rules{}).resources(service.Resources); err != nil {
		return container, runner.Refuse("services: %s: %v", service.Name, err)
	}
	return container, nil
}

// probePeriod is how often a service is asked whether it is ready.
const probePeriod = time.Second

// startupProbe asks until the service is ready, and for as long as it may take. Nil where nothing is to be asked.
func startupProbe(service tests.Service) *corev1.Probe {
	var handler corev1.ProbeHandler
	tcp := func(port int) { handler.TCPSocket = &corev1.TCPSocketAction{Port: intstr.FromInt32(int32(port))} }
	switch ready := service.Ready; {
	case ready == nil && len(service.Ports) == 0:
		return nil
	case ready == nil:
		tcp(service.Ports[0])
	case ready.HTTP != nil:
		handler.HTTPGet = &corev1.HTTPGetAction{Port: intstr.FromInt32(int32(ready.HTTP.Port)), Path: ready.HTTP.Path}
	case len(ready.Exec) > 0:
		handler.Exec = &corev1.ExecAction{Command: ready.Exec}
	default:
		tcp(ready.TCP)
	}
	failures := math.Ceil(service.Timeout.Seconds() / probePeriod.Seconds())
	return &corev1.Probe{ProbeHandler: handler, PeriodSeconds: int32(probePeriod.Seconds()), FailureThreshold: int32(max(failures, 1))}
}

func serviceName(status corev1.ContainerStatus) string {
	return strings.TrimPrefix(status.Name, sidecarPrefix)
}

// unready says why a pod waits for a service whose container has been started, and for how long it may: the kubelet ends the container when
// that time is over, and starts one that has ended again, so that neither tells that all is lost. The reason is empty for a container that
// is ready, not started, or no service.
func unready(waiting *corev1.Pod, status corev1.ContainerStatus, bounds Bounds) (patience time.Duration, reason string) {
	last := cmp.Or(status.State.Terminated, status.LastTerminationState.Terminated)
	started := status.State.Running != nil || last != nil
	if !strings.HasPrefix(status.Name, sidecarPrefix) || !started || ptr.Deref(status.Started, false) {
		return 0, ""
	}
	patience = bounds.Configure
	for _, container := range waiting.Spec.InitContainers {
		if probe := container.StartupProbe; container.Name == status.Name && probe != nil {
			patience = time.Duration(probe.FailureThreshold*probe.PeriodSeconds) * time.Second
		}
	}
	reason = fmt.Sprintf("service %s was not ready within %s", serviceName(status), patience)
	if last != nil {
		reason += fmt.Sprintf("; its container has ended with exit code %d%s", last.ExitCode, after(": ", last.Message))
	}
	return patience, reason
}
