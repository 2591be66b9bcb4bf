package webhook

import (
	"errors"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"slices"
	"time"

	"k8s.io/utils/clock"

	"github.com/assay-dev/assay/sources/sync"
)

// Pattern is where the Handler belongs in an http.ServeMux.
const Pattern = "/hooks/{endpoint}"

// The bounds of requests. A push of thousands of commits is a few megabytes.
const (
	maxBody     = 4 << 20 // bytes
	bodyTimeout = 10 * time.Second
	// atOnce is how many bodies are held in memory.
	atOnce = 8
)

// Looker is told to look. Its methods return at once, and being told often costs no more than being told once.
type Looker interface {
	Nudge(repository string)
	NudgeTarget(t sync.Target)
}

// Options are what a Handler is made of.
type Options struct {
	// Secrets is the folder with the secrets' files.
	Secrets string
	Look    Looker
	Clock   clock.PassiveClock
	Log     *slog.Logger
	// Count is told of every request, with the endpoint and one word for the answer. It may be left out.
	Count func(endpoint, answer string)
}

// Handler answers requests to the endpoints.
type Handler struct {
	Options
	secrets secrets
	limits  *limits
	turns   chan struct{}
}

// New makes a Handler, and logs which endpoints there are.
func New(o Options) *Handler {
	h := &Handler{Options: o, secrets: secrets(o.Secrets), limits: newLimits(), turns: make(chan struct{}, atOnce)}
	if h.Count == nil {
		h.Count = func(string, string) {}
	}
	for _, endpoint := range slices.Sorted(maps.Keys(endpoints)) {
		known, err := h.secrets.of(endpoint)
		switch {
		case err != nil:
			h.Log.Error("a webhook endpoint refuses everything", "endpoint", endpoint, "error", err)
		case len(known) == 0:
			h.Log.Info("a webhook endpoint is off, since it has no secret", "endpoint", endpoint)
		default:
			h.Log.Info("a webhook endpoint is on", "endpoint", endpoint, "secrets", len(known))
		}
	}
	return h
}

// answer is what a request comes to.
type answer struct {
	word   string
	status int
}

// The answers.
var (
	accepted  = answer{"accepted", http.StatusAccepted}
	unread    = answer{"unread", http.StatusBadRequest}
	malformed = answer{"malformed", http.StatusBadRequest}
	refused   = answer{"refused", http.StatusUnauthorized}
	absent    = answer{"absent", http.StatusNotFound}
	wrong     = answer{"wrong-method", http.StatusMethodNotAllowed}
	tooLarge  = answer{"too-large", http.StatusRequestEntityTooLarge}
	limited   = answer{"limited", http.StatusTooManyRequests}
	unusable  = answer{"unusable", http.StatusInternalServerError}
)

// ServeHTTP implements http.Handler. It is to be reached by Pattern.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	endpoint := r.PathValue("endpoint")
	schemes, known := endpoints[endpoint]
	if !known {
		endpoint = "unknown" // it is told to Prometheus, and anybody can make one up
	}
	got := h.answer(w, r, endpoint, schemes)
	h.Count(endpoint, got.word)
	h.Log.Debug("webhook", "endpoint", endpoint, "answer", got.word)
	if got == limited {
		w.Header().Set("Retry-After", "10")
	}
	if got != accepted {
		http.Error(w, http.StatusText(got.status), got.status)
		return
	}
	w.WriteHeader(got.status)
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, endpoint string, schemes []scheme) answer {
	if !h.limits.allow(senderOf(r.RemoteAddr), h.Clock.Now()) {
		return limited
	}
	if len(schemes) == 0 {
		return absent
	}
	known, err := h.secrets.of(endpoint)
	switch {
	case err != nil:
		h.Log.Error("a webhook cannot be checked", "endpoint", endpoint, "error", err)
		return unusable
	case len(known) == 0:
		return absent
	case r.Method != http.MethodPost:
		return wrong
	}
	select {
	case h.turns <- struct{}{}:
		defer func() { <-h.turns }()
	default:
		return limited
	}
	// A server that has no deadlines, such as a recorder in a test, has no slow senders either.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return tooLarge
	case err != nil:
		return unread
	case !authentic(r, body, schemes, known):
		return refused
	}
	form, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	found, err := parse(body, form == "application/x-www-form-urlencoded")
	if err != nil {
		return malformed
	}
	h.tell(found)
	return accepted
}

// tell says to look.
func (h *Handler) tell(found news) {
	for _, repository := range found.repositories {
		h.Look.Nudge(repository)
	}
	if found.target != nil {
		h.Look.NudgeTarget(*found.target)
	}
}

// authentic tries every secret in every way.
func authentic(r *http.Request, body []byte, schemes []scheme, secrets [][]byte) bool {
	return slices.ContainsFunc(schemes, func(s scheme) bool {
		return slices.ContainsFunc(secrets, func(secret []byte) bool { return s(r, body, secret) })
	})
}
