package git_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/assay-dev/assay/sources/git"
)

// A repository in memory is followed, and written to, as one on a server.
func ExampleMemory() {
	ctx := context.Background()
	shop := git.NewMemory()
	ada := git.Signature{Name: "Ada", Email: "ada@example.com", When: time.Unix(1700000000, 0).UTC()}

	// Ada commits at the server.
	scratch := shop.Repository().Scratch()
	first, err := scratch.WriteCommit(git.NewCommit{Author: ada, Committer: ada, Message: "Open the shop\n"})
	if err != nil {
		log.Fatal(err)
	}
	if err := scratch.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	if err := shop.Update(ctx, git.RefUpdate{Ref: "refs/heads/main", New: first}); err != nil {
		log.Fatal(err)
	}

	// Somebody follows, and says something about it.
	mirror, err := shop.Mirror("memory://shop")
	if err != nil {
		log.Fatal(err)
	}
	head, moved, err := mirror.Refresh(ctx, "main")
	if err != nil {
		log.Fatal(err)
	}
	notes := map[git.Hash][]byte{head: []byte("verdict: Passed\n")}
	if err := mirror.AddNotes(ctx, "refs/notes/assay", notes, git.CatSortUniq, ada, nil); err != nil {
		log.Fatal(err)
	}
	fmt.Println(mirror, "moved:", moved, "references:", len(shop.Refs()))
	// Output:
	// memory://shop moved: true references: 2
}
