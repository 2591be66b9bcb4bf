//go:build e2e

package stack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/assay-dev/assay/testdata/stack"
)

// holdVariable has the test binary hold a whole stack instead of running tests, so that a test can see what is
// left when it ends, or is killed.
const holdVariable = "ASSAY_STACK_HOLD"

func TestMain(m *testing.M) {
	if os.Getenv(holdVariable) == "" {
		os.Exit(m.Run())
	}
	if err := hold(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// held is what the holder says of its stack.
type held struct {
	Kubeconfig, Address string
}

// hold says on stdout what it has started, and ends it when stdin does.
func hold() error {
	ctx := context.Background()
	c, err := stack.Start(ctx, stack.Options{Pods: true, Flux: true, ArgoCD: true})
	if err != nil {
		return err
	}
	hub, err := stack.NewGitea(ctx, c.BridgeAddress())
	if err != nil {
		return err
	}
	if err := json.NewEncoder(os.Stdout).Encode(held{Kubeconfig: c.Kubeconfig, Address: c.BridgeAddress()}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	if err := hub.Close(); err != nil {
		return err
	}
	return c.Close()
}
