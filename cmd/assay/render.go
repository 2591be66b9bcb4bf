package main

import (
	"github.com/spf13/cobra"

	"github.com/assay-dev/assay/sources/git"
	"github.com/assay-dev/assay/sources/render"
)

func newRender() *cobra.Command {
	var (
		from   repositoryFlags
		rev    string
		path   string
		flux   bool
		redact bool
	)
	cmd := &cobra.Command{
		Use:     "render",
		GroupID: groupTools,
		Short:   "Build a folder of a commit with Kustomize, without a checkout",
		Long: `Build a folder of a commit with Kustomize, straight from Git, and print the YAML that
"kustomize build --load-restrictor=LoadRestrictionsNone" prints in a checkout: Secrets
included, unless --redact is given. Remote bases, charts and plugins are refused.

Exits with 1 when the folder cannot be built, with 2 when there is no such repository
or revision.`,
		Example: `  assay render --rev main --path clusters/staging
  assay render --repo https://github.com/example/config --rev v1.2.3 --path apps --redact`,
		Args: cobra.NoArgs,
	}
	addRepository(cmd, &from, ".")
	cmd.Flags().StringVar(&rev, "rev", "HEAD", "`revision`: a commit, branch or tag, also with ~n and ^n")
	cmd.Flags().StringVar(&path, "path", ".", "`folder` in the repository")
	cmd.Flags().BoolVar(&flux, "flux", false, "build as Flux does, also a folder without a kustomization file")
	cmd.Flags().BoolVar(&redact, "redact", false, "hide what Secrets hold")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx := cmd.Context()
		repo, err := from.open()
		if err != nil {
			return err
		}
		defer repo.Close()
		commit, err := repo.commit(ctx, rev)
		if err != nil {
			return err
		}
		built := render.Settings{}
		if flux {
			built.Engine = render.Flux
		}
		rendering, err := render.NewBuilder(nil).Build(ctx, git.FS(ctx, repo, commit.Tree), path, built)
		if err != nil {
			return err
		}
		text := rendering.YAML()
		if redact {
			text = rendering.Redacted()
		}
		_, err = cmd.OutOrStdout().Write(text)
		return err
	}
	return cmd
}
