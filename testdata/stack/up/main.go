// Command up starts a cluster with Flux, Argo CD and Gitea for a person to play with, and ends it: `up` and `down`, as make stack-up and
// make stack-down call it from the checkout. What it writes lies in .cache/stack; a lock there says whether a stack runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/assay-dev/assay/testdata/stack"
)

func main() {
	command := strings.Join(os.Args[1:], " ")
	do := map[string]func(place) error{"up": up, "hold": hold, "down": down}[command]
	if do == nil {
		fmt.Fprintln(os.Stderr, "usage: stack up | down")
		os.Exit(2)
	}
	if err := do(place(filepath.Join(".cache", "stack"))); err != nil {
		fmt.Fprintf(os.Stderr, "stack %s: %v\n", command, err)
		os.Exit(1)
	}
}

// place is the folder of what a running stack leaves for people and for down.
type place string

func (p place) file(name string) string { return filepath.Join(string(p), name) }

var errRuns = errors.New("a stack runs already; make stack-down ends it")

// lock makes this process the one that holds the stack, until it ends.
func (p place) lock() (*os.File, error) {
	if err := os.MkdirAll(string(p), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(p.file("lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, errRuns
	}
	return f, nil
}

// up has a process of its own hold the stack, passes on what that one says, and returns when there is no more to say:
// then it is ready, or has failed.
func up(p place) error {
	free, err := p.lock()
	if err != nil {
		return err
	}
	free.Close()
	log, err := os.Create(p.file("stack.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	holder := exec.Command(os.Args[0], "hold")
	holder.Stderr = log
	holder.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	says, err := holder.StdoutPipe()
	if err != nil {
		return err
	}
	if err := holder.Start(); err != nil {
		return err
	}
	said, err := io.Copy(os.Stdout, says)
	if err != nil || said == 0 {
		complaint, _ := os.ReadFile(log.Name())
		return fmt.Errorf("it did not start: %w\n%s", errors.Join(err, holder.Wait()), complaint)
	}
	return holder.Process.Release()
}

// hold starts the stack, says on stdout how to use it, and ends it when it is told to.
func hold(p place) error {
	lock, err := p.lock()
	if err != nil {
		return err
	}
	defer lock.Close()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := os.WriteFile(p.file("pid"), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
		return err
	}
	logs, err := filepath.Abs(p.file("logs"))
	if err != nil {
		return err
	}
	c, err := stack.Start(ctx, stack.Options{Pods: os.Geteuid() == 0, Flux: true, ArgoCD: true, Logs: logs})
	if err != nil {
		return err
	}
	gitea, err := stack.NewGitea(ctx, c.BridgeAddress())
	if err != nil {
		return errors.Join(err, c.Close())
	}
	describe(c, gitea, logs)
	err = os.Stdout.Close()
	<-ctx.Done()
	return errors.Join(err, gitea.Close(), c.Close())
}

func describe(c *stack.Cluster, gitea *stack.Gitea, logs string) {
	pods := "Without root there is no node: pods are written down, but never run."
	if os.Geteuid() == 0 {
		pods = "Pods run. They reach this machine at " + c.BridgeAddress() + ", where Gitea is, and nothing else; images come in with ctr:\n" +
			"  ctr -a " + filepath.Join(filepath.Dir(c.Kubeconfig), "containerd.sock") + " -n k8s.io images import ARCHIVE"
	}
	fmt.Printf(`A cluster with Flux, Argo CD and Gitea runs.

  export KUBECONFIG=%s
  export PATH=$PWD/bin:$PATH
  kubectl get nodes,namespaces
  kubectl get kustomizations,applications --all-namespaces

Gitea is at %s: user %s, password %s.
%s
Logs are in %s. make stack-down ends all of it, and its state is lost.
`, c.Kubeconfig, gitea.URL, gitea.User, gitea.Password, pods, logs)
}

// down tells the holder to end, and returns when it has.
func down(p place) error {
	lock, err := p.lock()
	if err == nil {
		fmt.Println("no stack runs")
		return lock.Close()
	}
	if !errors.Is(err, errRuns) {
		return err
	}
	text, err := os.ReadFile(p.file("pid"))
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", p.file("pid"), err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("end process %d: %w", pid, err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if lock, err := p.lock(); err == nil {
			return errors.Join(lock.Close(), os.RemoveAll(string(p)))
		}
	}
	return fmt.Errorf("process %d has not ended in a minute; see %s", pid, p.file("stack.log"))
}
