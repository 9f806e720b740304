package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/body"
	"catchment/internal/files/export"
	"catchment/internal/files/list"
	"catchment/internal/files/report"
	"catchment/internal/files/tidy"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/project"
)

func filesCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "files",
		Short: "Files that were copied: find them, write them out",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(filesListCommand(s), filesGetCommand(s), filesRetryCommand(s), filesTidyCommand(s))
	return cmd
}

// A choice is which files a command is about.
type choice struct {
	list.Question
	record, state string
}

// flags gives a command the switches of a choice.
func (c *choice) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&c.record, "record", "", "those that hang on the record with this `Id`")
	f.StringVar(&c.Name, "name", "", "those called so in Salesforce, as a `pattern` such as '*.pdf'")
	f.StringVar(&c.Object, "object", "", "those of this `object`: "+plural.List(body.Objects(), "or"))
}

// question is what was chosen.
func (c *choice) question(ids []string) (list.Question, error) {
	q := c.Question
	var err error
	if q.IDs, err = eraseIDs(ids); err != nil {
		return q, err
	}
	if c.record != "" {
		record, err := eraseIDs([]string{c.record})
		if err != nil {
			return q, err
		}
		q.Record = record[0]
	}
	if _, ok := body.Of(q.Object); q.Object != "" && !ok {
		return q, usageError{plan.Fixf("write --object "+plural.List(body.Objects(), "or"),
			"records of %q are no files", q.Object)}
	}
	if c.state != "" && !list.IsState(c.state) {
		return q, usageError{plan.Fixf("write one of these: "+plural.List(states(), "or"),
			"there is no state %q", c.state)}
	}
	q.State = list.State(c.state)
	return q, nil
}

func states() []string {
	var words []string
	for _, s := range list.States() {
		words = append(words, string(s))
	}
	return words
}

func filesListCommand(s *session) *cobra.Command {
	var c choice
	var sums bool
	cmd := &cobra.Command{
		Use:   "list [ID...]",
		Short: "List the files of the copy",
		Long: `List the files of the copy, all versions of them: by Id of a file or of a document,
by the record that they hang on (a link of ContentDocumentLink, or the parent of an
attachment), by name, and by state. It looks at the copy alone; the org isn't asked.

  copied   the body is in the stage
  older    an older body is; the file was changed since, and waits
  waiting  a run will read it
  aside    it couldn't be read, for a reason; it is tried again
  nothing  the file has no body, for a reason
  skipped  the flow doesn't copy it, such as an older version under bodies: latest
  gone     the record was deleted before its body was read

With --sums it prints a line for each body that sha256sum takes, under its name in
the stage; in the folder of stage.url:  sha256sum -c --quiet SUMS`,
		Example: `  catchment files list --record 001Ho00001AbCdEIAV
  catchment files list --name '*.pdf' --state waiting
  catchment files list --json > files.json
  catchment files list --sums | (cd stage && sha256sum -c --quiet)`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := c.question(args)
			switch {
			case err != nil:
				return err
			case sums && s.JSON:
				return usageError{plan.Fixf("see: catchment files list --help",
					"--sums and --json are two forms: take one")}
			}
			return s.inProject(func(p *work) error {
				ctx, cancel := p.stop.ends(cmd.Context())
				defer cancel()
				if sums {
					return listSums(ctx, p, q)
				}
				return listFiles(ctx, p, q)
			})
		},
	}
	c.flags(cmd)
	cmd.Flags().StringVar(&c.state, "state", "", "those in this `state`: "+plural.List(states(), "or"))
	cmd.Flags().BoolVar(&sums, "sums", false, "print digests, for sha256sum -c")
	return cmd
}

// finder opens the copy.
func finder(ctx context.Context, p *work) (list.Finder, error) {
	if err := project.OpenCopy(ctx, p.Project); err != nil {
		return list.Finder{}, err
	}
	return project.FileFinder(ctx, p.Project)
}

// listFiles prints the files that are looked for, some at a time.
func listFiles(ctx context.Context, p *work, q list.Question) error {
	find, err := finder(ctx, p)
	if err != nil {
		return err
	}
	var some report.List
	var total report.Total
	err = find.Each(ctx, q, func(f list.File) error {
		total.Files, total.Bytes = total.Files+1, total.Bytes+f.Bytes()
		some = append(some, shownFile(f))
		if len(some) < rowsAtOnce {
			return nil
		}
		printed := some
		some = nil
		return p.Print(printed)
	})
	if err == nil && len(some) > 0 {
		err = p.Print(some)
	}
	if err != nil {
		return err
	}
	return p.Print(total)
}

func shownFile(f list.File) report.File {
	one := report.File{
		Deleted: f.Deleted, ID: f.ID, Name: f.Name, Object: f.Object, Parent: f.Parent, Reason: f.Reason(),
		SHA256: f.Digest(), Size: f.Bytes(), State: string(f.State),
	}
	if f.Line != nil {
		one.ContentType = f.Line.Type
	}
	if f.State == list.Aside {
		one.Tries, one.Again = f.Line.Tries, &f.Line.Again
	}
	return one
}

// listSums prints a line for each body. Of all files a body comes once.
func listSums(ctx context.Context, p *work, q list.Question) error {
	find, err := finder(ctx, p)
	if err != nil {
		return err
	}
	line := func(digest string) error {
		_, err := fmt.Fprintln(p.Stdout, export.SumLine(digest, body.Key(digest)))
		return err
	}
	if q.All() {
		return find.Digests(ctx, line)
	}
	return find.Each(ctx, q, func(f list.File) error {
		if f.Digest() == "" {
			return nil
		}
		return line(f.Digest())
	})
}

func filesRetryCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:   "retry [ID...]",
		Short: "Have the next run try again what is kept aside",
		Long: `Have the next run read the bodies again that couldn't be read, all of them or those of
some files. By itself it leaves each alone for an hour after the first try, and for
longer after each further one. It reads nothing now.`,
		Example: `  catchment files retry
  catchment files retry 068Ho00001AbCdEIAV`,
		RunE: func(cmd *cobra.Command, args []string) error {
			ids, err := eraseIDs(args)
			if err != nil {
				return err
			}
			return s.inProject(func(p *work) error { return retryFiles(cmd.Context(), p, ids) })
		},
	}
}

// retryFiles has the next run try again.
func retryFiles(ctx context.Context, p *work, ids []string) error {
	h, err := holdAlone(ctx, p, "files retry")
	if err != nil {
		return err
	}
	r, err := project.Retrier(p.Project, h)
	if err != nil {
		return err
	}
	n, err := r.Retry(ctx, ids)
	if printed := p.Print(report.Retried{Files: n}); err == nil {
		err = printed
	}
	return err
}

func filesTidyCommand(s *session) *cobra.Command {
	var remove bool
	var age time.Duration
	cmd := &cobra.Command{
		Use:   "gc",
		Short: "List the bodies that no file of the copy has; with --remove, remove them",
		Long: `List the bodies in the stage that no file of the copy has: such as those of runs
that were killed, or of a control that somebody has emptied. Nothing removes them but
this command with --remove. It holds the flows of all files meanwhile, and leaves those
alone that are younger than --age, so that it takes nothing from a run. Bodies of files
that were deleted in Salesforce are not among them: the copy has those.`,
		Example: `  catchment files gc
  catchment files gc --remove --age 168h`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if age < time.Hour {
				return usageError{plan.Fixf("write a time such as --age 24h", "--age is less than an hour")}
			}
			return s.inProject(func(p *work) error {
				ctx, cancel := p.stop.ends(cmd.Context())
				defer cancel()
				return tidyUp(ctx, p, remove, age)
			})
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "remove them")
	cmd.Flags().DurationVar(&age, "age", 24*time.Hour, "leave those alone that are younger than this `time`")
	return cmd
}

// tidyUp tells which bodies no file has, and removes them where that is wanted.
func tidyUp(ctx context.Context, p *work, remove bool, age time.Duration) error {
	var holder lease.Holder
	var err error
	if remove {
		holder, err = holdAlone(ctx, p, "files gc")
	} else {
		err = project.OpenCopy(ctx, p.Project)
	}
	if err != nil {
		return err
	}
	t, err := project.Tidier(p.Project, holder, age)
	if err != nil {
		return err
	}
	find := t.Unnamed
	if remove {
		find = t.Remove
	}
	sums, err := find(ctx, func(f tidy.Found) error {
		return p.Print(report.Unnamed{Removed: remove, SHA256: f.SHA256, Size: f.Size, Written: f.Written})
	})
	total := report.Tidied{Bodies: sums.Bodies, Bytes: sums.Bytes, Removed: remove, Young: sums.Young}
	if printed := p.Print(total); err == nil {
		err = printed
	}
	return err
}
