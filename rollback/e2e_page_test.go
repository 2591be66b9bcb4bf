//go:build e2e

package rollback_test

import (
	"context"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	sdk "code.gitea.io/sdk/gitea"
	"github.com/stretchr/testify/require"

	"github.com/assay-dev/assay/testdata/stack"
)

// TestRealPage has a browser show the bodies of the golden files on a real server. What it shows is kept in .cache/e2e for people to look
// at.
func TestRealPage(t *testing.T) {
	browse := browser(t)
	server := stack.StartGitea(t)
	_, _, err := server.Client().CreateRepo(sdk.CreateRepoOption{Name: "shop", AutoInit: true, DefaultBranch: "main"})
	require.NoError(t, err)
	shots := filepath.Join("..", ".cache", "e2e")
	require.NoError(t, os.MkdirAll(shots, 0o755))
	for _, name := range []string{"restored", "unproven", "hostile"} {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("testdata", name+".md"))
			require.NoError(t, err)
			_, _, err = server.Client().CreateFile(server.User, "shop", name+".txt", sdk.CreateFileOptions{
				FileOptions: sdk.FileOptions{BranchName: "main", NewBranchName: name}, Content: "Y2hhbmdlCg==",
			})
			require.NoError(t, err)
			pull, _, err := server.Client().CreatePullRequest(server.User, "shop", sdk.CreatePullRequestOption{
				Head: name, Base: "main", Title: `Revert "Less memory for web"`, Body: string(body),
			})
			require.NoError(t, err)

			markup := browse(pull.HTMLURL, filepath.Join(shots, name+".png"))
			_, markup, there := strings.Cut(markup, `class="render-content`)
			require.True(t, there, "the page shows the body")
			markup, _, there = strings.Cut(markup, `raw-content`)
			require.True(t, there, "what is behind it for the editor is hidden")
			text := words(markup)

			require.NotContains(t, markup, "<script")
			require.Contains(t, markup, "<h3", "there are headings")
			require.Contains(t, text, "What happens next")
			if name != "hostile" {
				require.NotContains(t, text, "assay:claim", "the machine's part is not shown")
				require.NotContains(t, text, "```", "no markup is left over")
				require.Contains(t, markup, "<summary>", "the differences fold")
				require.Contains(t, text, "no healthy upstream")
				require.Contains(t, text, "Less memory for web")
			}
		})
	}
}

// words are what a page shows, without its tags.
func words(markup string) string {
	return html.UnescapeString(regexp.MustCompile(`(?s)<!--.*?-->|<[^>]*>`).ReplaceAllString(markup, " "))
}

// browser opens a page in Chromium, keeps a picture of it in a file, and returns its document as it is shown.
func browser(t *testing.T) func(page, picture string) string {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no browser here: install chromium to see the pages of pull requests")
	}
	return func(page, picture string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--no-proxy-server", "--hide-scrollbars",
			"--user-data-dir="+t.TempDir(), "--window-size=1100,2400", "--virtual-time-budget=10000", "--screenshot="+picture, "--dump-dom", page)
		cmd.WaitDelay = time.Second
		document, err := cmd.Output()
		require.NoError(t, err)
		return string(document)
	}
}
