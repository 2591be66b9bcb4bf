package stack

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// checkout is the folder that holds Assay's go.mod.
func checkout() (string, error) {
	gomod, err := output(exec.Command("go", "env", "GOMOD"))
	return filepath.Dir(gomod), err
}

// built is the path of a peer that make builds into bin/.
func built(root, name string) (string, error) {
	path := filepath.Join(root, "bin", name)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%w: build it with make bin/%s", err, name)
	}
	return path, nil
}

// installed is the path of a program that comes with the machine, or the package of Debian that brings it.
func installed(name, debian string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: install it with apt-get install %s", err, debian)
	}
	return path, nil
}

// build builds programs of Assay's own module, to run without anything else, into the cluster's folder bin.
func (c *Cluster) build(ctx context.Context, packages ...string) error {
	build := exec.CommandContext(ctx, "go", append([]string{"build", "-trimpath", "-o", c.path("bin") + "/"}, packages...)...)
	build.Dir, build.Env = c.root, append(os.Environ(), "CGO_ENABLED=0")
	_, err := run(build)
	return err
}

// moduleDir is the folder of a module that a peer is built from, where its data lies.
func moduleDir(root, peer, module string) (string, error) {
	return output(exec.Command("go", "-C", filepath.Join(root, "testdata", "stack", peer), "list", "-m", "-f", "{{.Dir}}", module))
}

// freeAddress is a loopback address that nobody listens at.
func freeAddress() (string, error) { return FreeAddress("127.0.0.1") }

// FreeAddress is an address of this host at which nobody listens. It is chosen among the ports that the kernel gives to nobody who does not
// ask for them: between the choice and the use nobody else takes it.
func FreeAddress(host string) (string, error) {
	var taken error
	for range 100 {
		l, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(20000+rand.IntN(10000))))
		if err == nil {
			return l.Addr().String(), l.Close()
		}
		taken = err
	}
	return "", fmt.Errorf("find a free port: %w", taken)
}

// output runs a command and returns the last line of what it prints.
func output(cmd *exec.Cmd) (string, error) {
	out, err := run(cmd)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1], err
}

// run runs a command and returns what it prints; a failure says what it complained about.
func run(cmd *exec.Cmd) (string, error) {
	out, err := cmd.Output()
	if err == nil {
		return string(out), nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s%s", err, out, exit.Stderr)
	}
	return "", fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
}
