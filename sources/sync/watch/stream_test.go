package watch_test

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiwatch "k8s.io/apimachinery/pkg/watch"
	clienttesting "k8s.io/client-go/testing"
)

// stream is a watch that the test ends.
type stream struct{ *apiwatch.FakeWatcher }

// expire ends it as an API server does that restarted and knows the version no more, which has everything listed again.
func (s *stream) expire() {
	s.Error(&metav1.Status{Status: metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired})
}

// streaming answers every watch with a stream of its own, and hands it to the test.
func streaming(to chan<- *stream) clienttesting.WatchReactionFunc {
	return func(clienttesting.Action) (bool, apiwatch.Interface, error) {
		s := &stream{apiwatch.NewFake()}
		to <- s
		return true, s, nil
	}
}
