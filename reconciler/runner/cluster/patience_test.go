package cluster

import (
	"context"
	"errors"
	"net"
	"net/url"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestPatiently(t *testing.T) {
	jobs := schema.GroupResource{Group: "batch", Resource: "jobs"}
	away := apierrors.NewServiceUnavailable("restarting")
	forbidden := apierrors.NewForbidden(jobs, "j", errors.New("no RBAC policy matched"))
	absent := apierrors.NewNotFound(jobs, "j")
	for name, test := range map[string]struct {
		answer func(after time.Duration) error
		want   error
		least  time.Duration
		most   time.Duration
	}{
		"an answer":      {answer: func(time.Duration) error { return nil }},
		"another answer": {answer: func(time.Duration) error { return absent }, want: absent},
		"away for ten minutes": {answer: func(after time.Duration) error {
			if after < 10*time.Minute {
				return away
			}
			return nil
		}, least: 10 * time.Minute, most: 11 * time.Minute},
		"starting": {answer: func(after time.Duration) error {
			if after < 5*time.Second {
				return forbidden
			}
			return nil
		}, least: 5 * time.Second, most: starting},
		"forbidden": {answer: func(time.Duration) error { return forbidden }, want: forbidden, least: starting, most: 2 * starting},
		"away, and starting then": {answer: func(after time.Duration) error {
			switch {
			case after < time.Minute:
				return away
			case after < time.Minute+starting/2:
				return forbidden
			}
			return nil
		}, least: time.Minute, most: 2 * time.Minute},
		"for as long as anybody waits": {answer: func(time.Duration) error { return away }, want: context.DeadlineExceeded, least: time.Hour, most: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				err := Patiently(ctx, func() error { return test.answer(time.Since(began)) })
				require.ErrorIs(t, err, test.want)
				require.GreaterOrEqual(t, time.Since(began), test.least)
				require.LessOrEqual(t, time.Since(began), test.most)
			})
		})
	}
}

func TestWhoStopsWaitingHasNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		err := Patiently(ctx, func() error {
			stop()
			return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "p", errors.New("no RBAC policy matched"))
		})
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorContains(t, err, "no RBAC policy matched")
		require.False(t, apierrors.IsForbidden(err), "the API server may just have started")
	})
}

func TestWhatPasses(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for name, test := range map[string]struct {
		err    error
		passes bool
	}{
		"refused":       {&url.Error{Op: "Get", URL: "https://10.0.0.1", Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, true},
		"not resolved":  {&net.DNSError{Err: "server misbehaving", IsTemporary: true}, true},
		"busy":          {apierrors.NewTooManyRequests("slow down", 1), true},
		"slow":          {apierrors.NewTimeoutError("it took too long", 1), true},
		"broken":        {apierrors.NewInternalError(errors.New("etcd has no leader")), true},
		"there already": {apierrors.NewAlreadyExists(pods, "web"), false},
		"wrong":         {apierrors.NewBadRequest("no such field"), false},
		"our own":       {errors.New("the disk is full"), false},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.passes, passing(test.err)) })
	}
}
