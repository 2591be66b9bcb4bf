// Package stack starts the real servers that end-to-end tests talk to, as processes of this machine: on loopback, in a folder of the test's own,
// and gone when the test is. The programs are built from the modules beneath this folder; nothing is downloaded here.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
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

	binary, config string
	client         *sdk.Client
}

// StartGitea starts bin/gitea for the time of a test.
func StartGitea(t testing.TB) *Gitea {
	t.Helper()
	g, err := startGitea(t)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func startGitea(t testing.TB) (*Gitea, error) {
	root, err := checkout()
	if err != nil {
		return nil, err
	}
	g := &Gitea{User: "ana", Password: "correct-horse-battery", binary: filepath.Join(root, "bin", "gitea")}
	if _, err := os.Stat(g.binary); err != nil {
		return nil, fmt.Errorf("%w: build it with make bin/gitea", err)
	}
	assets, err := output(exec.CommandContext(t.Context(), "go", "-C", filepath.Join(root, "testdata", "stack", "gitea"), "list", "-m", "-f", "{{.Dir}}", "code.gitea.io/gitea"))
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir := t.TempDir()
	g.URL, g.config = "http://"+address, filepath.Join(dir, "app.ini")
	if err := errors.Join(g.configure(dir, address, assets), standIns(dir)); err != nil {
		return nil, err
	}
	if err := g.run(t, dir); err != nil {
		return nil, err
	}
	return g, g.createUser(t.Context())
}

func (g *Gitea) configure(dir, address, assets string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	me, err := user.Current()
	if err != nil {
		return err
	}
	return os.WriteFile(g.config, fmt.Appendf(nil, `RUN_MODE = prod
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
`, me.Username, dir, host, port, g.URL, assets, filepath.Join(dir, "gitea.db")), 0o600)
}

// standIns takes the place of the scripts and styles that Gitea's own release builds and its module lacks: without them each page stops at an alert.
// The style is the least that keeps hidden what is hidden.
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

// run starts the server, waits until it answers, and stops it when the test ends.
func (g *Gitea) run(t testing.TB, dir string) error {
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	log, err := os.Create(filepath.Join(dir, "gitea.log"))
	if err != nil {
		cancel()
		return err
	}
	server := g.command(ctx, "web")
	server.Stdout, server.Stderr = log, log
	server.Cancel = func() error { return server.Process.Signal(os.Interrupt) }
	server.WaitDelay = 10 * time.Second
	if err := server.Start(); err != nil {
		cancel()
		return errors.Join(err, log.Close())
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() {
		cancel()
		<-ended
		log.Close()
	})
	if err := g.await(t.Context(), ended); err != nil {
		said, _ := os.ReadFile(log.Name())
		return fmt.Errorf("start gitea: %w\n%s", err, said)
	}
	return nil
}

// await returns when the server answers, or has ended, or a minute is over.
func (g *Gitea) await(ctx context.Context, ended chan error) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			ended <- err
			return fmt.Errorf("it ended: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		response, err := http.Get(g.URL + "/api/v1/version")
		if err != nil {
			continue
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
	}
}

func (g *Gitea) command(ctx context.Context, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, g.binary, append([]string{"--config", g.config}, args...)...)
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
