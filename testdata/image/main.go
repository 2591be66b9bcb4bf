// Command image packs binaries of Assay into a container image, without a Docker daemon and without root.
//
// In come static binaries, one for each platform; what they are built for, from and of which version stands in them. Out goes an OCI
// archive, which `ctr images import` and `skopeo copy` read, and on standard output the image's name with its digest, as manifests pin it.
// With -push the image also goes to the registry of its name, with the credentials that `docker login` has left.
//
// The image holds the binary, roots of trust for TLS, and two empty folders; no shell, no Git, no package manager. Nothing of the machine
// that builds it gets in, no time and no user name: the same binaries make the same digest.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	out := flags.String("out", "assay-image.tar", "`file` that the archive is written to")
	called := flags.String("name", "registry.example.com/assay:built", "`name` of the image: registry, repository and tag")
	push := flags.Bool("push", false, "push it to the registry of its name, too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tag, err := name.NewTag(*called, name.WithDefaultTag("built"))
	if err != nil {
		return err
	}
	index, err := buildIndex(flags.Args())
	if err != nil {
		return err
	}
	digest, err := index.Digest()
	if err != nil {
		return err
	}
	if err := writeArchive(*out, index, tag); err != nil {
		return fmt.Errorf("archive %s: %w", *out, err)
	}
	if *push {
		if err := remote.WriteIndex(tag, index, remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain)); err != nil {
			return fmt.Errorf("pushing %s: %w", tag, err)
		}
	}
	_, err = fmt.Fprintf(stdout, "%s@%s\n", tag.Context(), digest)
	return err
}
