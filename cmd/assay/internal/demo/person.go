package demo

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// branch is the one that everything happens on.
const branch = "main"

// clone is a person's clone of a repository, in which they work with plain git.
type clone struct{ dir, bare string }

// runGit runs git as the named person, without anything of this machine's configuration.
func runGit(ctx context.Context, dir, author string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	email := strings.ToLower(author) + "@shop.example.com"
	cmd.Dir = dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=" + os.DevNull,
		"GIT_AUTHOR_NAME=" + author, "GIT_AUTHOR_EMAIL=" + email, "GIT_COMMITTER_NAME=" + author, "GIT_COMMITTER_EMAIL=" + email,
	}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("git %s in %s: %w: %s", strings.Join(args, " "), dir, err, strings.TrimSpace(said.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

// newRepository makes a bare repository out of files, and a clone to work in.
func newRepository(ctx context.Context, bare, work, author, subject string, files fs.FS) (*clone, error) {
	if _, err := runGit(ctx, filepath.Dir(bare), author, "init", "-q", "--bare", "-b", branch, bare); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(work), 0o755); err != nil {
		return nil, err
	}
	if _, err := runGit(ctx, filepath.Dir(work), author, "clone", "-q", bare, work); err != nil {
		return nil, err
	}
	c := &clone{dir: work, bare: bare}
	if _, err := runGit(ctx, work, author, "checkout", "-q", "-B", branch); err != nil {
		return nil, err
	}
	if err := os.CopyFS(work, files); err != nil {
		return nil, err
	}
	if _, err := c.commit(ctx, author, subject); err != nil {
		return nil, err
	}
	return c, c.push(ctx, author)
}

func (c *clone) read(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(c.dir, filepath.FromSlash(name)))
	return string(data), err
}

func (c *clone) write(name, content string) error {
	path := filepath.Join(c.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(content), 0o644)
}

// set gives a key of an .env file a value.
func (c *clone) set(name, key, value string) error {
	content, err := c.read(name)
	if err != nil {
		return err
	}
	var lines []string
	for line := range strings.Lines(content) {
		if !strings.HasPrefix(line, key+"=") {
			lines = append(lines, line)
		}
	}
	return c.write(name, strings.Join(lines, "")+key+"="+value+"\n")
}

// commit commits everything, and returns the commit's id.
func (c *clone) commit(ctx context.Context, author, subject string) (string, error) {
	if _, err := runGit(ctx, c.dir, author, "add", "--all"); err != nil {
		return "", err
	}
	if _, err := runGit(ctx, c.dir, author, "commit", "-q", "-m", subject); err != nil {
		return "", err
	}
	return runGit(ctx, c.dir, author, "rev-parse", "HEAD")
}

func (c *clone) push(ctx context.Context, author string) error {
	_, err := runGit(ctx, c.dir, author, "push", "-q", "origin", branch)
	return err
}

// merge merges a branch of the remote as a person would, and pushes the merge.
func (c *clone) merge(ctx context.Context, author, from string) (string, error) {
	if _, err := runGit(ctx, c.dir, author, "fetch", "-q", "origin"); err != nil {
		return "", err
	}
	if _, err := runGit(ctx, c.dir, author, "merge", "-q", "--no-ff", "-m", "Merge "+from, "origin/"+from); err != nil {
		return "", err
	}
	if err := c.push(ctx, author); err != nil {
		return "", err
	}
	return runGit(ctx, c.dir, author, "rev-parse", "HEAD")
}
