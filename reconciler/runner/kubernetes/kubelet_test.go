package kubernetes

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/kubernetes/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/assay-dev/assay/reconciler/runner/kubernetes/pod"
)

// kubelet plays the Job controller, the scheduler, and a node: it makes a pod for each Job, and runs its two containers one after the other
// as processes of this machine.
type kubelet struct {
	t      testing.TB
	client *fake.Clientset
	done   sync.WaitGroup

	mu   sync.Mutex
	pods map[types.UID]context.CancelFunc // by the Job's
	made int
	// tamper, where it is set, has a pod before it runs; a pod that it returns false for does not run.
	tamper func(*corev1.Pod) bool
	// started has the process of each wrapper that runs.
	started func(*os.Process)
}

// newCluster is an API server with a kubelet.
func newCluster(t testing.TB) *kubelet {
	client := fake.NewClientset()
	client.PrependReactor("create", "jobs", func(action clienttesting.Action) (bool, runtime.Object, error) {
		job := action.(clienttesting.CreateAction).GetObject().(*batchv1.Job)
		job.UID, job.CreationTimestamp = uuid.NewUUID(), metav1.Now()
		return false, nil, nil
	})
	k := &kubelet{t: t, client: client, pods: map[types.UID]context.CancelFunc{}}
	ctx, stop := context.WithCancel(context.Background())
	jobs, err := client.BatchV1().Jobs("").Watch(ctx, metav1.ListOptions{})
	require.NoError(t, err)
	k.done.Go(func() {
		for event := range jobs.ResultChan() {
			job, ok := event.Object.(*batchv1.Job)
			switch {
			case ok && event.Type == "ADDED":
				k.start(ctx, job)
			case ok && event.Type == "DELETED":
				k.stop(job.UID)
			}
		}
	})
	t.Cleanup(func() {
		stop()
		jobs.Stop()
		k.done.Wait()
	})
	return k
}

func (k *kubelet) start(ctx context.Context, job *batchv1.Job) {
	ctx, cancel := context.WithCancel(ctx)
	k.mu.Lock()
	k.made++
	k.pods[job.UID] = cancel
	tamper := k.tamper
	k.mu.Unlock()
	made := &corev1.Pod{ObjectMeta: job.Spec.Template.ObjectMeta, Spec: job.Spec.Template.Spec}
	made.Name, made.Namespace, made.UID = fmt.Sprintf("%s-%.8s", job.Name, job.UID), job.Namespace, uuid.NewUUID()
	made.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(job, batchv1.SchemeGroupVersion.WithKind("Job"))}
	made.Status.Phase = corev1.PodPending
	k.done.Go(func() {
		defer cancel()
		_, err := k.client.CoreV1().Pods(made.Namespace).Create(ctx, made, metav1.CreateOptions{})
		if err == nil && (tamper == nil || tamper(made)) {
			k.run(ctx, made)
		}
		<-ctx.Done()
		err = k.client.CoreV1().Pods(made.Namespace).Delete(context.Background(), made.Name, metav1.DeleteOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			k.t.Errorf("delete pod: %v", err)
		}
	})
}

func (k *kubelet) stop(job types.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if cancel, ok := k.pods[job]; ok {
		cancel()
	}
}

// jobs is how many there were.
func (k *kubelet) jobs() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.made
}

func (k *kubelet) update(made *corev1.Pod, change func(*corev1.PodStatus)) {
	change(&made.Status)
	_, err := k.client.CoreV1().Pods(made.Namespace).UpdateStatus(context.Background(), made.DeepCopy(), metav1.UpdateOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		k.t.Errorf("update pod: %v", err)
	}
}

// run runs the containers of a pod, with a folder in place of its volume.
func (k *kubelet) run(ctx context.Context, made *corev1.Pod) {
	dir, err := os.MkdirTemp("", "pod-")
	if err != nil {
		k.t.Errorf("pod: %v", err)
		return
	}
	defer os.RemoveAll(dir)
	init, run := made.Spec.InitContainers[0], made.Spec.Containers[0]
	self, err := os.Executable()
	if err != nil {
		k.t.Errorf("pod: %v", err)
		return
	}
	init.Command = []string{self}
	ended := k.contain(ctx, made, dir, init, func(state corev1.ContainerState) {
		k.update(made, func(s *corev1.PodStatus) {
			s.InitContainerStatuses = []corev1.ContainerStatus{{Name: init.Name, State: state}}
		})
	})
	if ended == nil || ended.ExitCode != 0 {
		k.update(made, func(s *corev1.PodStatus) { s.Phase = corev1.PodFailed })
		return
	}
	ended = k.contain(ctx, made, dir, run, func(state corev1.ContainerState) {
		k.update(made, func(s *corev1.PodStatus) {
			s.ContainerStatuses = []corev1.ContainerStatus{{Name: run.Name, State: state}}
		})
	})
	if ended != nil {
		k.update(made, func(s *corev1.PodStatus) { s.Phase = corev1.PodFailed })
	}
}

// contain runs one container to its end, which is nil where it never began.
func (k *kubelet) contain(ctx context.Context, made *corev1.Pod, dir string, c corev1.Container, tell func(corev1.ContainerState)) *corev1.ContainerStateTerminated {
	message := filepath.Join(dir, "message-"+c.Name)
	env := []string{pod.DirVariable + "=" + dir, pod.MessageVariable + "=" + message}
	for _, v := range c.Env {
		value, problem := k.resolve(ctx, made, v)
		for problem != "" {
			tell(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CreateContainerConfigError", Message: problem}})
			if !pauseBriefly(ctx) {
				return nil
			}
			value, problem = k.resolve(ctx, made, v)
		}
		env = append(env, v.Name+"="+value)
	}
	program := c.Command[0]
	if inside, ok := strings.CutPrefix(program, pod.Dir+"/"); ok {
		program = filepath.Join(dir, inside)
	}
	command := exec.CommandContext(ctx, program, append(c.Command[1:len(c.Command):len(c.Command)], c.Args...)...)
	command.Env = env
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = time.Second
	var printed bytes.Buffer
	command.Stdout, command.Stderr = &printed, &printed
	if err := command.Start(); err != nil {
		tell(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "StartError", Message: err.Error(), ExitCode: 128}})
		return nil
	}
	tell(corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
	if k.started != nil && c.Name == runContainer {
		k.started(command.Process)
	}
	_ = command.Wait() // how it ended is in its state
	said, _ := os.ReadFile(message)
	code := command.ProcessState.ExitCode()
	if status := command.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		code = 128 + int(status.Signal())
	}
	ended := &corev1.ContainerStateTerminated{ExitCode: int32(code), Message: string(said)}
	tell(corev1.ContainerState{Terminated: ended})
	return ended
}

// resolve is what the kubelet puts into a variable, or why it cannot, in its own words.
func (k *kubelet) resolve(ctx context.Context, made *corev1.Pod, v corev1.EnvVar) (value, problem string) {
	if v.ValueFrom == nil {
		return v.Value, ""
	}
	ref := v.ValueFrom.SecretKeyRef
	secret, err := k.client.CoreV1().Secrets(made.Namespace).Get(ctx, ref.Name, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Sprintf("secret %q not found", ref.Name)
	}
	found, ok := secret.Data[ref.Key]
	if !ok {
		return "", fmt.Sprintf("couldn't find key %s in Secret %s/%s", ref.Key, made.Namespace, ref.Name)
	}
	return string(found), ""
}
