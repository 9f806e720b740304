package archiving

import (
	"context"
	"io"
	"os"

	"github.com/spf13/cobra"

	"catchment/internal/archive"
	"catchment/internal/archive/approval"
	"catchment/internal/archive/report"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/project"
)

// approveFlags are the switches of approve.
type approveFlags struct {
	yes, text bool
	sign      string
}

func (f approveFlags) check() error {
	if f.text && (f.yes || f.sign != "") {
		return plan.Fixf("see: catchment archive approve --help", "--text only prints what to sign: take it alone")
	}
	return nil
}

func approveCommand(at At) *cobra.Command {
	var flags approveFlags
	cmd := &cobra.Command{
		Use:   "approve PLAN",
		Short: "Say that you agree to a plan",
		Long: `Show what a plan would do, what would be lost included, and say that you agree: on a
terminal it asks, elsewhere it wants --yes.

Where the policy wants several people, it only shows the plan. Each of them signs its
digest by a key that the policy names, and gives the signature in; so nobody agrees in
another one's name, and whoever made the plan can't agree alone:

  catchment archive approve PLAN --text > plan.txt
  ssh-keygen -Y sign -n catchment-archive -f ~/.ssh/id_ed25519 plan.txt
  catchment archive approve PLAN --sign plan.txt.sig

Only the stage is opened; Salesforce isn't asked.`,
		Example: `  catchment archive approve old-cases-20260301-01234567
  catchment archive approve old-cases-20260301-01234567 --sign plan.txt.sig`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := flags.check(); err != nil {
				return err
			}
			return at(func(d *Desk) error {
				ctx, cancel := d.Ends(cmd.Context())
				defer cancel()
				if err := project.OpenStage(d.Project); err != nil {
					return err
				}
				return approve(ctx, d, args[0], flags)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.yes, "yes", false, "don't ask")
	f.BoolVar(&flags.text, "text", false, "print the text that is to be signed, and nothing else")
	f.StringVar(&flags.sign, "sign", "", "agree by the signature in this `file`")
	return completePlans(at, cmd)
}

// approve keeps somebody's word that a plan may be carried out.
func approve(ctx context.Context, d *Desk, name string, flags approveFlags) error {
	o, err := readOutline(ctx, d.Stage, name, nil)
	if err != nil {
		return err
	}
	if flags.text {
		return d.Print(report.ToSign{Plan: name, Words: approval.Text(o.head, o.digest),
			Command: "ssh-keygen -Y sign -n " + approval.Namespace + " -f KEY FILE"})
	}
	given, err := word(d, o, flags)
	if err != nil {
		return err
	}
	if err := approval.Put(ctx, d.Stage, name, given); err != nil {
		return err
	}
	approved, err := approvals(ctx, d, o)
	if err != nil {
		return err
	}
	return d.Print(report.Approval{Plan: name, By: given.By, Key: given.Key, At: given.At, Approved: approved,
		Approve: max(o.head.Policy.Approve, 1)})
}

// word is that of whoever types, or of whoever signed.
func word(d *Desk, o outline, flags approveFlags) (archive.Approval, error) {
	if flags.sign != "" {
		text, err := signature(flags.sign)
		if err != nil {
			return archive.Approval{}, err
		}
		return approval.BySignature(o.head, o.digest, text, d.Now())
	}
	if err := d.Print(o.report(d.File.Archive.Price)); err != nil { // also for who has to sign
		return archive.Approval{}, err
	}
	given, err := approval.ByUser(o.head, o.digest, d.Me, d.Now())
	if err != nil {
		return archive.Approval{}, err
	}
	if !flags.yes && !d.Ask("Do you agree?") {
		return archive.Approval{}, plan.Fixf(
			"to agree without being asked: catchment archive approve "+o.name+" --yes",
			"nobody agreed: nothing was approved")
	}
	return given, nil
}

// longestSignature is more than any key makes.
const longestSignature = 64 << 10

// signature reads the file that ssh-keygen wrote.
func signature(path string) (string, error) {
	const hint = "name the file that ssh-keygen -Y sign has written, such as plan.txt.sig"
	file, err := os.Open(path) // #nosec G304 -- the user named it
	if err != nil {
		return "", plan.Fixf(hint, "read the signature: %w", printable.Error(err))
	}
	defer func() { _ = file.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(file, longestSignature+1))
	if err != nil || len(text) > longestSignature {
		return "", plan.Fixf(hint, "%s holds no signature", printable.Line(path))
	}
	return string(text), nil
}

// approvals counts the people who agreed.
func approvals(ctx context.Context, d *Desk, o outline) (int, error) {
	all, err := approval.Load(ctx, d.Stage, o.name)
	if err != nil {
		return 0, err
	}
	return approval.People(o.head, o.digest, all), nil
}
