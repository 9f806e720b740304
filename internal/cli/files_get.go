package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"catchment/internal/body"
	"catchment/internal/files/export"
	"catchment/internal/files/holdings"
	"catchment/internal/files/list"
	"catchment/internal/files/report"
	"catchment/internal/plan"
)

// getFlags are the switches of files get.
type getFlags struct {
	to, into string
	force    bool
	sums     bool
	older    bool
}

func filesGetCommand(s *session) *cobra.Command {
	var c choice
	var flags getFlags
	cmd := &cobra.Command{
		Use:   "get [ID...]",
		Short: "Write files of the copy to this machine's disk",
		Long: `Write files of the copy out: one to a file or to stdout (--to PATH, --to -), or any
number into a folder (--into FOLDER). Which ones is said as for catchment files list;
of the versions of a document it takes the newest, unless it is named by its own Id.
The org isn't asked, and may have deleted them.

In a folder each file has its name in Salesforce, without what no disk takes, and
never outside of the folder; where two have one name, the Id makes the difference.
What is there already stays, unless --force is said: the same bytes are no matter,
others are told, and the other files are written all the same. A file gets its name
once all of it is there, with the digest that was written down when it was copied.`,
		Example: `  catchment files get 068Ho00001AbCdEIAV --to offer.pdf
  catchment files get 068Ho00001AbCdEIAV --to - | pdftotext - -
  catchment files get --record 001Ho00001AbCdEIAV --into files
  catchment files get --name '*.pdf' --into pdfs --sums > pdfs.sums`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := c.question(args)
			if err == nil {
				err = flags.check(s, q)
			}
			if err != nil {
				return err
			}
			return s.inProject(func(p *work) error {
				ctx, cancel := p.stop.ends(cmd.Context())
				defer cancel()
				if flags.into != "" {
					return getAll(ctx, p, q, flags)
				}
				return getOne(ctx, p, q, flags)
			})
		},
	}
	c.flags(cmd)
	f := cmd.Flags()
	f.StringVar(&flags.to, "to", "", "write the one file to this `path`; - is stdout")
	f.StringVar(&flags.into, "into", "", "write the files into this `folder`")
	f.BoolVar(&flags.force, "force", false, "write over what is there")
	f.BoolVar(&flags.sums, "sums", false, "print digests of what was written, for sha256sum -c")
	f.BoolVar(&flags.older, "older", false, "older versions of documents, too")
	return cmd
}

func (f getFlags) check(s *session, q list.Question) error {
	help := "see: catchment files get --help"
	switch {
	case (f.to == "") == (f.into == ""):
		return usageError{plan.Fixf("write --to PATH for one file, or --into FOLDER", "where to isn't said")}
	case f.sums && s.JSON:
		return usageError{plan.Fixf(help, "--sums and --json are two forms: take one")}
	case f.to == "-" && (f.sums || s.JSON):
		return usageError{plan.Fixf(help, "--to - prints the file, and nothing else")}
	case f.to == "-" && isDevice(s.Stdout):
		return usageError{plan.Fixf("write it to a file: --to PATH", "a file isn't printed on a terminal")}
	case f.to != "" && q.All():
		return usageError{plan.Fixf("name it: catchment files get ID --to PATH", "which file isn't said")}
	}
	return nil
}

// wanted tells whether a file is taken: the newest version, or one that was named.
func (f getFlags) wanted(file list.File, q list.Question) bool {
	return f.older || !file.Older || q.Names(file.ID)
}

// bodyOf is the body of a file.
func bodyOf(f list.File) holdings.Body {
	return holdings.Body{ID: f.ID, Name: f.Name, Key: body.Key(f.Digest()), Size: f.Line.Size, SHA256: f.Digest()}
}

// getOne writes one file to where the user says.
func getOne(ctx context.Context, p *work, q list.Question, flags getFlags) error {
	find, err := finder(ctx, p)
	if err != nil {
		return err
	}
	var found []list.File
	enough := errors.New("enough")
	err = find.Each(ctx, q, func(f list.File) error {
		if flags.wanted(f, q) {
			found = append(found, f)
		}
		if len(found) > 1 {
			return enough
		}
		return nil
	})
	switch {
	case len(found) > 1:
		return plan.Fixf("name it by its own Id, which catchment files list shows, or take all: --into FOLDER",
			"more than one file is like that")
	case err != nil:
		return err
	case len(found) == 0:
		return noSuchFile()
	case found[0].Digest() == "":
		return plan.Fixf("catchment files list "+found[0].ID+" says why", "no body of %s is copied", found[0].ID)
	}
	one := bodyOf(found[0])
	if flags.to == "-" {
		return export.Stream(ctx, p.Stage, one, p.Stdout)
	}
	w, err := export.File(ctx, export.Options{Stage: p.Stage, Force: flags.force}, one, flags.to)
	if err != nil {
		return err
	}
	return wrote(p, one, w, flags)
}

func noSuchFile() error {
	return plan.Fixf("see which there are with: catchment files list", "the copy has no such file")
}

// wrote prints what was written.
func wrote(p *work, b holdings.Body, w export.Written, flags getFlags) error {
	if flags.sums {
		_, err := io.WriteString(p.Stdout, export.SumLine(b.SHA256, w.Path)+"\n")
		return err
	}
	return p.Print(report.Written{Already: w.Already, ID: b.ID, Path: w.Path, Renamed: w.Renamed, SHA256: b.SHA256,
		Size: b.Size})
}

// getAll writes files into a folder. One that can't be written stops none of the others.
func getAll(ctx context.Context, p *work, q list.Question, flags getFlags) (err error) {
	find, err := finder(ctx, p)
	if err != nil {
		return err
	}
	g := getting{work: p, flags: flags}
	defer func() {
		if g.folder != nil {
			err = errors.Join(err, g.folder.Close())
		}
	}()
	err = find.Each(ctx, q, func(f list.File) error {
		if !flags.wanted(f, q) {
			return nil
		}
		return g.one(ctx, f)
	})
	switch {
	case err != nil:
		return err
	case g.got == (report.Got{}):
		return noSuchFile()
	case flags.sums: // stdout is for sha256sum
		err = p.PrintText(g.got)
	default:
		err = p.Print(g.got)
	}
	if err == nil && len(g.failed) > 0 {
		err = exit(codeOf(g.failed...))
	}
	return err
}

// A getting is files on their way into a folder.
type getting struct {
	*work
	flags  getFlags
	folder *export.Folder // nil until there is a file for it
	got    report.Got
	failed []plan.Class
}

// one writes a file. The error is one that the others would meet, too.
func (g *getting) one(ctx context.Context, f list.File) error {
	if f.Digest() == "" {
		g.got.Without++
		return nil
	}
	if g.folder == nil {
		var err error
		if g.folder, err = export.Open(g.flags.into, export.Options{Stage: g.Stage, Force: g.flags.force}); err != nil {
			return err
		}
	}
	b := bodyOf(f)
	w, err := g.folder.Write(ctx, b)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case plan.ClassOf(err) == plan.Full:
		return err
	case err != nil:
		g.got.Failed++
		g.failed = append(g.failed, plan.ClassOf(err))
		return g.Print(report.Refused{Class: string(plan.ClassOf(err)), Error: err.Error(),
			Hint: plan.AdviceOf(err), ID: f.ID})
	}
	g.got.Files, g.got.Bytes = g.got.Files+1, g.got.Bytes+b.Size
	if w.Already {
		g.got.Already++
	}
	if w.Renamed {
		g.got.Renamed++
	}
	return wrote(g.work, b, w, g.flags)
}
