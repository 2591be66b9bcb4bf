package webhook

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/assay-dev/assay/sources/sync"
)

// looks remembers what was to be looked at.
type looks struct {
	repositories []string
	targets      []sync.Target
}

func (l *looks) Nudge(repository string)   { l.repositories = append(l.repositories, repository) }
func (l *looks) NudgeTarget(t sync.Target) { l.targets = append(l.targets, t) }

// hooks is a server with every endpoint, and what came of it.
type hooks struct {
	t       *testing.T
	url     string
	secrets string
	clock   *clocktesting.FakeClock
	looks   looks
	counted []string
	log     bytes.Buffer
}

const secret = "It's a Secret to Everybody"

func serve(t *testing.T, off ...string) *hooks {
	t.Helper()
	h := &hooks{t: t, secrets: t.TempDir(), clock: clocktesting.NewFakeClock(time.Unix(1700000000, 0))}
	for endpoint := range endpoints {
		h.write(endpoint, secret+"\n")
	}
	for _, endpoint := range off {
		require.NoError(t, os.Remove(filepath.Join(h.secrets, endpoint)))
	}
	mux := http.NewServeMux()
	mux.Handle(Pattern, New(Options{
		Secrets: h.secrets, Look: &h.looks, Clock: h.clock, Log: slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Count: func(endpoint, answer string) { h.counted = append(h.counted, endpoint+" "+answer) },
	}))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *hooks) write(endpoint, content string) {
	h.t.Helper()
	require.NoError(h.t, os.WriteFile(filepath.Join(h.secrets, endpoint), []byte(content), 0o600))
}

// post sends a body, and returns the status.
func (h *hooks) post(endpoint string, body []byte, header http.Header) int {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodPost, h.url+"/hooks/"+endpoint, bytes.NewReader(body))
	require.NoError(h.t, err)
	request.Header = header
	answer, err := http.DefaultClient.Do(request)
	require.NoError(h.t, err)
	require.NoError(h.t, answer.Body.Close())
	return answer.StatusCode
}

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	return body
}

// signing makes the header of a body.
type signing func(body []byte, secret string) http.Header

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func sum(by func() hash.Hash, body []byte, secret string) string {
	mac := hmac.New(by, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

func withHMAC(name, prefix string, by func() hash.Hash) signing {
	return func(body []byte, secret string) http.Header { return header(name, prefix+sum(by, body, secret)) }
}

func withToken(_ []byte, secret string) http.Header { return header("X-Gitlab-Token", secret) }

func withPassword(_ []byte, secret string) http.Header {
	request := http.Request{Header: http.Header{}}
	request.SetBasicAuth("anybody", secret)
	return request.Header
}

func TestWhoeverSignsIsHeard(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint, payload string
		sign              signing
		repositories      []string
		target            *sync.Target
	}{
		"GitHub": {"github", "github-push", withHMAC("X-Hub-Signature-256", "sha256=", sha256.New),
			[]string{"https://github.com/Codertocat/Hello-World.git"}, nil},
		"GitHub's ping": {"github", "github-ping", withHMAC("X-Hub-Signature-256", "sha256=", sha256.New), nil, nil},
		"Gitea": {"gitea", "gitea-push", withHMAC("X-Gitea-Signature", "", sha256.New),
			[]string{"http://localhost:3000/gitea/webhooks.git", "ssh://gitea@localhost:2222/gitea/webhooks.git"}, nil},
		"Forgejo": {"gitea", "gitea-push", withHMAC("X-Forgejo-Signature", "", sha256.New),
			[]string{"http://localhost:3000/gitea/webhooks.git", "ssh://gitea@localhost:2222/gitea/webhooks.git"}, nil},
		"Gitea as GitHub": {"gitea", "gitea-push", withHMAC("X-Hub-Signature-256", "sha256=", sha256.New),
			[]string{"http://localhost:3000/gitea/webhooks.git", "ssh://gitea@localhost:2222/gitea/webhooks.git"}, nil},
		"GitLab": {"gitlab", "gitlab-push", withToken, []string{"http://example.com/mike/diaspora.git"}, nil},
		"Bitbucket Cloud": {"bitbucket", "bitbucket-cloud-push", withHMAC("X-Hub-Signature", "sha256=", sha256.New),
			[]string{"https://bitbucket.org/team_name/repo_name"}, nil},
		"Bitbucket Data Center": {"bitbucket", "bitbucket-data-center-push", withHMAC("X-Hub-Signature", "sha256=", sha256.New),
			[]string{"ssh://git@bitbucket.example.com:7999/project_1/repository.git", "https://bitbucket.example.com/scm/project_1/repository.git"}, nil},
		"Bitbucket Data Center's pull request": {"bitbucket", "bitbucket-data-center-merged", withHMAC("X-Hub-Signature", "sha256=", sha256.New),
			[]string{"https://bitbucket.example.com/scm/proj/repository"}, nil},
		"Azure DevOps": {"azure", "azure-push", withPassword,
			[]string{"https://dev.azure.com/fabrikam-fiber-inc/Fabrikam-Fiber-Git/_git/Fabrikam-Fiber-Git"}, nil},
		"anybody, SHA-256":  {"generic", "generic", withHMAC("X-Signature", "sha256=", sha256.New), []string{"ssh://git@git.example.com/shop/config.git"}, nil},
		"anybody, SHA-384":  {"generic", "generic", withHMAC("X-Signature", "sha384=", sha512.New384), []string{"ssh://git@git.example.com/shop/config.git"}, nil},
		"anybody, SHA-512":  {"generic", "generic", withHMAC("X-Signature", "sha512=", sha512.New), []string{"ssh://git@git.example.com/shop/config.git"}, nil},
		"GitHub, among all": {"git", "github-push", withHMAC("X-Hub-Signature-256", "sha256=", sha256.New), []string{"https://github.com/Codertocat/Hello-World.git"}, nil},
		"GitLab, among all": {"git", "gitlab-push", withToken, []string{"http://example.com/mike/diaspora.git"}, nil},
		"Azure, among all":  {"git", "azure-push", withPassword, []string{"https://dev.azure.com/fabrikam-fiber-inc/Fabrikam-Fiber-Git/_git/Fabrikam-Fiber-Git"}, nil},
		"Flux": {"flux", "flux-event", withHMAC("X-Signature", "sha256=", sha256.New), nil,
			&sync.Target{Kind: "Kustomization", Namespace: "apps", Name: "shop"}},
	} {
		t.Run(name, func(t *testing.T) {
			h, body := serve(t), sample(t, test.payload)
			require.Equal(t, http.StatusAccepted, h.post(test.endpoint, body, test.sign(body, secret)))
			require.Equal(t, test.repositories, h.looks.repositories)
			if test.target != nil {
				require.Equal(t, []sync.Target{*test.target}, h.looks.targets)
			} else {
				require.Empty(t, h.looks.targets)
			}
			require.Equal(t, []string{test.endpoint + " accepted"}, h.counted)

			require.Equal(t, http.StatusUnauthorized, h.post(test.endpoint, body, test.sign(body, "another secret")))
			require.Equal(t, http.StatusUnauthorized, h.post(test.endpoint, body, header()))
			require.Equal(t, test.repositories, h.looks.repositories, "nothing more is looked at")
			require.NotContains(t, h.log.String(), secret)
		})
	}
}

// The example that GitHub's documents give of a signature.
func TestGitHubsOwnExampleOfASignature(t *testing.T) {
	require.True(t, prefixed("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", []byte("Hello, World!"), []byte(secret), "sha256"))
}

func TestWhatIsNotSignedAsItMustBeIsRefused(t *testing.T) {
	body := sample(t, "github-push")
	good := sum(sha256.New, body, secret)
	for name, test := range map[string]struct {
		endpoint string
		header   http.Header
	}{
		"cut off":                      {"github", header("X-Hub-Signature-256", "sha256="+good[:20])},
		"empty":                        {"github", header("X-Hub-Signature-256", "sha256=")},
		"no digits":                    {"github", header("X-Hub-Signature-256", "sha256=zz")},
		"without saying how":           {"github", header("X-Hub-Signature-256", good)},
		"in a way that is not allowed": {"generic", header("X-Signature", "sha1="+good)},
		"as another server does":       {"github", header("X-Gitlab-Token", secret)},
		"with a user in place of it":   {"azure", header("Authorization", "Basic "+secret)},
		"with an empty token":          {"gitlab", header("X-Gitlab-Token", "")},
	} {
		t.Run(name, func(t *testing.T) {
			h := serve(t)
			require.Equal(t, http.StatusUnauthorized, h.post(test.endpoint, body, test.header))
			require.Empty(t, h.looks.repositories)
		})
	}
}

func TestAnEndpointIsThereAsLongAsItHasASecret(t *testing.T) {
	h, body := serve(t, "github"), sample(t, "github-push")
	sign := withHMAC("X-Hub-Signature-256", "sha256=", sha256.New)
	require.Contains(t, h.log.String(), `off, since it has no secret" endpoint=github`)
	require.Equal(t, http.StatusNotFound, h.post("github", body, sign(body, "")))
	require.Equal(t, http.StatusNotFound, h.post("nobody", body, sign(body, secret)))
	require.Equal(t, http.StatusNotFound, h.post("..%2Fgit", body, sign(body, secret)))

	h.write("github", "\n old \nnew\n")
	require.Equal(t, http.StatusAccepted, h.post("github", body, sign(body, "old")))
	require.Equal(t, http.StatusAccepted, h.post("github", body, sign(body, "new")))
	h.write("github", "new")
	require.Equal(t, http.StatusUnauthorized, h.post("github", body, sign(body, "old")))
	h.write("github", "\n")
	require.Equal(t, http.StatusNotFound, h.post("github", body, sign(body, "")), "an empty secret is none")
	require.Equal(t, []string{
		"github absent", "unknown absent", "unknown absent", "github accepted", "github accepted", "github refused", "github absent",
	}, h.counted)
}

func TestWhatNoServerSendsIsRefused(t *testing.T) {
	sign := withHMAC("X-Hub-Signature-256", "sha256=", sha256.New)
	post := func(h *hooks, body string) int { return h.post("github", []byte(body), sign([]byte(body), secret)) }
	h := serve(t)
	require.Equal(t, http.StatusBadRequest, post(h, "{"))
	require.Equal(t, http.StatusBadRequest, post(h, ""))
	require.Equal(t, http.StatusBadRequest, post(h, `{"repository": 5}`))
	require.Equal(t, http.StatusRequestEntityTooLarge, post(h, strings.Repeat(" ", maxBody)+"{}"))
	answer, err := http.Get(h.url + "/hooks/github")
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusMethodNotAllowed, answer.StatusCode)
	require.Empty(t, h.looks.repositories)
}

func TestAFormIsReadAsGitHubSendsIt(t *testing.T) {
	h := serve(t)
	body := []byte(url.Values{"payload": {string(sample(t, "github-push"))}}.Encode())
	signed := header("X-Hub-Signature-256", "sha256="+sum(sha256.New, body, secret), "Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, http.StatusAccepted, h.post("github", body, signed))
	require.Equal(t, []string{"https://github.com/Codertocat/Hello-World.git"}, h.looks.repositories)
}

func TestASenderHasABurstAndThenARate(t *testing.T) {
	h, body := serve(t), sample(t, "generic")
	signed := withHMAC("X-Signature", "sha256=", sha256.New)(body, secret)
	for range burst {
		require.Equal(t, http.StatusAccepted, h.post("generic", body, signed))
	}
	require.Equal(t, http.StatusTooManyRequests, h.post("generic", body, signed))
	require.Equal(t, http.StatusTooManyRequests, h.post("nobody", body, signed), "also where there is nothing")
	h.clock.Step(time.Second)
	for range perSecond {
		require.Equal(t, http.StatusAccepted, h.post("generic", body, signed))
	}
	require.Equal(t, http.StatusTooManyRequests, h.post("generic", body, signed))
	require.Len(t, h.looks.repositories, burst+perSecond)
}
