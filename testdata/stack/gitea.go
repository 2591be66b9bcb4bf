package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
)

// Gitea is a running server with one user who may do everything; CreateUser makes further ones.
type Gitea struct {
	URL            string
	User, Password string
	// Token has the scopes write:repository and write:issue.
	Token string

	binary, dir string
	supervisor  *supervisor
	server      *process
	client      *sdk.Client
}

// StartGitea starts bin/gitea on loopback for the time of a test.
func StartGitea(t testing.TB) *Gitea {
	t.Helper()
	return StartGiteaAt(t, "127.0.0.1")
}

// StartGiteaAt starts it at an address of this machine: at a cluster's BridgeAddress all in the cluster reach it, and so does this machine.
func StartGiteaAt(t testing.TB, host string) *Gitea {
	t.Helper()
	g, err := NewGitea(t.Context(), host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Errorf("close Gitea: %v", err)
		}
	})
	return g
}

// NewGitea starts a server that its caller closes. The context bounds the start alone. When it fails, nothing is left.
func NewGitea(ctx context.Context, host string) (*Gitea, error) {
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	g := &Gitea{User: "ana", Password: "correct-horse-battery"}
	if g.binary, err = built(root, "gitea"); err != nil {
		return nil, err
	}
	assets, err := moduleDir(root, "gitea", "code.gitea.io/gitea")
	if err != nil {
		return nil, err
	}
	address, err := FreeAddress(host)
	if err != nil {
		return nil, err
	}
	if g.dir, err = os.MkdirTemp("", "assay-gitea-"); err != nil {
		return nil, err
	}
	g.URL, g.supervisor = "http://"+address, newSupervisor(g.dir)
	if err := g.start(ctx, address, assets); err != nil {
		return nil, errors.Join(err, g.Close())
	}
	return g, nil
}

// start returns when the server answers and has its user.
func (g *Gitea) start(ctx context.Context, address, assets string) error {
	if err := errors.Join(g.configure(address, assets), standIns(g.dir)); err != nil {
		return err
	}
	if err := g.serve(ctx); err != nil {
		return err
	}
	return g.createUser(ctx)
}

// serve returns when the server answers.
func (g *Gitea) serve(ctx context.Context) (err error) {
	if g.server, err = g.supervisor.start("gitea", g.command(context.WithoutCancel(ctx), "web")); err != nil {
		return err
	}
	return g.server.await(ctx, healthy(http.DefaultTransport, g.URL+"/api/v1/version"))
}

// Stop has the server go away, until Start; it forgets nothing.
func (g *Gitea) Stop() { g.server.stop(10 * time.Second) }

// Start brings a server back that was stopped, at the same URL, and returns when it answers.
func (g *Gitea) Start(t testing.TB) {
	t.Helper()
	if err := g.serve(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Close ends the server and removes its folder with all repositories.
func (g *Gitea) Close() error {
	g.supervisor.close()
	return os.RemoveAll(g.dir)
}

func (g *Gitea) configure(address, assets string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	return os.WriteFile(g.config(), fmt.Appendf(nil, `RUN_MODE = prod
RUN_USER = %s
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = %s
[server]
HTTP_ADDR = %s
HTTP_PORT = %s
ROOT_URL = %s/
STATIC_ROOT_PATH = %s
OFFLINE_MODE = true
DISABLE_SSH = true
[database]
DB_TYPE = sqlite3
PATH = %s
[security]
INSTALL_LOCK = true
SECRET_KEY = for-tests-only
[log]
LEVEL = warn
[service]
DISABLE_REGISTRATION = true
[actions]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
`, me.Username, g.dir, host, port, g.URL, assets, filepath.Join(g.dir, "gitea.db")), 0o600)
}

// standIns takes the place of the scripts and styles that Gitea's own release builds and its module lacks: without them each page stops at
// an alert. The style is the least that keeps hidden what is hidden.
func standIns(dir string) error {
	public := filepath.Join(dir, "custom", "public", "assets")
	for _, name := range []string{"js/iife.js", "js/index.js", "css/index.css", "css/theme-gitea-auto.css"} {
		file := filepath.Join(public, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		var content []byte
		if name == "css/index.css" {
			content = []byte(".tw-hidden, .menu { display: none } svg { width: 16px; height: 16px } body { font-family: sans-serif; margin: 2em }\n")
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (g *Gitea) config() string { return filepath.Join(g.dir, "app.ini") }

func (g *Gitea) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, g.binary, append([]string{"--config", g.config()}, args...)...)
}

func (g *Gitea) createUser(ctx context.Context) (err error) {
	if g.Token, err = g.newUser(ctx, g.User, g.Password, "--admin"); err != nil {
		return err
	}
	g.client, err = sdk.NewClient(g.URL, sdk.SetBasicAuth(g.User, g.Password))
	return err
}

// newUser makes a user, and a token of his with the scopes write:repository and write:issue.
func (g *Gitea) newUser(ctx context.Context, name, password string, options ...string) (token string, err error) {
	create := append([]string{"admin", "user", "create", "--username", name, "--password", password, "--email", name + "@example.com", "--must-change-password=false"}, options...)
	if _, err := output(g.command(ctx, create...)); err != nil {
		return "", err
	}
	return output(g.command(ctx, "admin", "user", "generate-access-token", "--username", name, "--raw",
		"--token-name", "assay", "--scopes", "write:repository,write:issue"))
}

// CreateUser makes a user who may nothing yet, and returns a token of his with the scopes write:repository and write:issue.
func (g *Gitea) CreateUser(t testing.TB, name string) (token string) {
	t.Helper()
	token, err := g.newUser(t.Context(), name, g.Password)
	if err != nil {
		t.Fatalf("create user %s: %v", name, err)
	}
	return token
}

// Client talks to the server as the user, in person.
func (g *Gitea) Client() *sdk.Client { return g.client }

// CreateRepository makes a repository of the user with one commit on main, and returns the URL for Git.
func (g *Gitea) CreateRepository(t testing.TB, name string) string {
	t.Helper()
	repository, _, err := g.client.CreateRepo(sdk.CreateRepoOption{Name: name, AutoInit: true, DefaultBranch: "main", Private: true})
	if err != nil {
		t.Fatalf("create repository %s: %v", name, err)
	}
	return repository.CloneURL
}
