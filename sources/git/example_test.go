package git_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/assay-dev/assay/sources/git"
	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/filemode"
)

// A commit is made and read without a working tree.
func ExampleScratch() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if _, err := gogit.PlainInit(dir, true); err != nil {
		log.Fatal(err)
	}
	repo, err := git.Open(dir)
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	scratch := repo.Scratch()
	tree, err := scratch.EditTree(ctx, git.Hash{}, map[string]git.Entry{
		"apps/web/replicas.yaml": {Mode: filemode.Regular, Hash: scratch.WriteBlob([]byte("replicas: 2\n"))},
	})
	if err != nil {
		log.Fatal(err)
	}
	ada := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC()}
	commit, err := scratch.WriteCommit(git.NewCommit{Tree: tree, Author: ada, Committer: ada, Message: "Run two\n"})
	if err != nil {
		log.Fatal(err)
	}
	if err := scratch.Flush(ctx); err != nil {
		log.Fatal(err)
	}

	stored, err := repo.Commit(ctx, commit)
	if err != nil {
		log.Fatal(err)
	}
	content, err := git.FS(ctx, repo, stored.Tree).ReadFile("apps/web/replicas.yaml")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(stored.Message, string(content))
	// Output:
	// Run two
	// replicas: 2
}
