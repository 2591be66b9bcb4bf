package kubernetes

import (
	"context"
	"os/signal"
	"syscall"
)

func notify() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), syscall.SIGTERM)
}
