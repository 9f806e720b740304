package cli

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/schema"
)

func (s *session) eraseCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase OBJECT ID...",
		Short: "Remove every trace of records that were deleted for good",
		Long: `Remove every trace of records that were deleted in Salesforce for good, as the
law may ask for: their rows, staged versions and stored pages, of a file its body,
unless another file has the same one, and the rows of the object's history flow that
tell of them. The table _catchment_erased in the
staging schema says when, by their Ids; it holds no value. They don't come back,
not even by a page that is late.

A record that Salesforce still has, be it in the recycle bin, is refused. An
erasure that broke off is done again by the same command.`,
		Example: "  catchment erase Contact 003Ho00001AbCdEIAV --yes",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := eraseIDs(args[1:])
			if err != nil {
				return err
			}
			if !yes {
				return usageError{plan.Fixf("look at the Ids once more; to go on: add --yes",
					"%s of %s would be erased, and nothing brings %s back", plural.Of(len(ids), "record"), args[0],
					plural.Word(len(ids), "it", "them"))}
			}
			return s.inProject(func(p *work) error { return p.erase(cmd.Context(), args[0], ids) })
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}

func (p *work) erase(ctx context.Context, object string, ids []string) error {
	if err := p.OpenAll(ctx); err != nil {
		return err
	}
	alone, err := p.Lock("erase")
	if err != nil {
		return err
	}
	flows, err := p.Flows(ctx, []string{object})
	if err != nil {
		return err
	}
	run, err := p.Control.NewRunID()
	if err != nil {
		return err
	}
	all, err := p.Eraser(p.holds(run, alone)).Erase(ctx, flows[0], ids)
	erasure := notice.Erasure{Object: flows[0].Object, IDs: len(ids)}
	for _, e := range all {
		erasure.Erased = append(erasure.Erased, notice.Erased{
			Object: e.Object, Rows: e.Rows, Staged: e.Staged, Pages: e.Pages, Bodies: e.Bodies, Shared: e.Shared,
		})
	}
	if printed := p.Print(erasure); err == nil {
		err = printed
	}
	return err
}

var idForm = regexp.MustCompile(`^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$`)

// eraseIDs makes 18-character Ids of what was typed, each once.
func eraseIDs(typed []string) ([]string, error) {
	var ids []string
	for _, text := range typed {
		text = strings.TrimSpace(text)
		if !idForm.MatchString(text) {
			return nil, usageError{plan.Fixf("an Id has 15 or 18 letters and digits", "%q is not an Id", text)}
		}
		id, err := schema.ID18(text)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
