package cli

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"catchment/internal/deployment"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

func (s *session) awsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "aws",
		Short:   "Run on AWS: the CloudFormation template for this configuration",
		Example: "  catchment aws render",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.awsRenderCommand())
	return cmd
}

func (s *session) awsRenderCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the CloudFormation template and the state machine",
		Long: `Write template.yaml, one CloudFormation template with everything that a run on
AWS needs, and machine.json, the state machine in it, to read and to check. The
control table and the bucket get the names that catchment.yaml gives them.`,
		Example: `  catchment aws render --dir deploy/aws
  aws cloudformation deploy --template-file deploy/aws/template.yaml --stack-name catchment --capabilities CAPABILITY_IAM \
    --s3-bucket my-code --parameter-overrides CodeBucket=my-code`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return s.inProject(func(p *work) error { return p.renderAWS(dir) })
		},
	}
	cmd.Flags().StringVar(&dir, "dir", filepath.Join("deploy", "aws"), "write into this `folder`")
	return cmd
}

func (p *work) renderAWS(dir string) error {
	files, err := deployment.Render(p.File, p.Drivers)
	if err != nil {
		return err
	}
	if err := p.forAll(func() error { return writeAWS(dir, files) }); err != nil {
		return err
	}
	return p.Print(notice.AWS{Dir: dir, Template: "template.yaml", Machine: "machine.json"})
}

// writeAWS writes what others deploy and review: it names secrets, and holds none.
func writeAWS(dir string, files deployment.Files) error {
	// #nosec G301 -- others shall read it
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return plan.Fixf("choose another with: --dir DIR", "make the folder: %w", printable.Error(err))
	}
	for name, text := range map[string][]byte{"template.yaml": files.Template, "machine.json": files.Machine} {
		// #nosec G306 -- others shall read it
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return plan.Fixf("choose another with: --dir DIR", "write %s: %w", name, printable.Error(err))
		}
	}
	return nil
}
