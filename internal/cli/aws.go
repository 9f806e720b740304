package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/deployment"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/rollout"
)

// A Cloud is what aws deploy and aws destroy work with.
type Cloud struct {
	Account func() (rollout.Account, error)
	Script  []byte // of the Glue job
	rollout.Pace
}

func (s *session) awsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "aws",
		Short:   "Run on AWS: deploy what this configuration needs there, or only write it down",
		Example: "  catchment aws deploy\n  catchment aws render",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.awsDeployCommand(), s.awsDestroyCommand(), s.awsRenderCommand())
	return cmd
}

func (s *session) awsRenderCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "render",
		Short: "Write the CloudFormation template and the state machine",
		Long: `Write template.yaml, one CloudFormation template with everything that a run on
AWS needs, and machine.json, the state machine in it, to read and to check. The
control table and the bucket get the names that catchment.yaml gives them. catchment aws
deploy renders by itself.`,
		Example: "  catchment aws render --dir deploy/aws",
		Args:    cobra.NoArgs,
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

// A deployFlags is what aws deploy is told.
type deployFlags struct {
	stack, bucket, zip string
	parameters         []string
}

func (s *session) awsDeployCommand() *cobra.Command {
	var flags deployFlags
	cmd := &cobra.Command{
		Use:   "deploy",
		Short: "Deploy the program and this configuration into an account of AWS",
		Long: `Deploy the program of the functions and this configuration into the account
that AWS_PROFILE names: render the template, upload what has changed, and make
the CloudFormation stack, or change it. Done twice, the second time changes
nothing. A first try that failed is deleted and made anew; a change that failed
leaves the stack as it was.

What is uploaded is named by its hash, so that new code and a new configuration
are deployed with the stack, and rolled back with it. It goes into --bucket,
which has to exist in the same Region, or into catchment-code-ACCOUNT-REGION,
which is made: encrypted, not public, by TLS only.

The program is lambda.zip beside this one, or --zip; make lambda builds it.
Parameters of the template that aren't given stay what they are.`,
		Example: `  catchment aws deploy --zip bin/lambda.zip
  catchment aws deploy --parameter ScheduleState=ENABLED --parameter "Schedule=rate(2 hours)"`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.deployAWS(cmd.Context(), flags) })
		},
	}
	cmd.Flags().StringVar(&flags.stack, "stack", "catchment", "the `name` of the stack")
	cmd.Flags().StringVar(&flags.bucket, "bucket", "", "upload into this `bucket`")
	cmd.Flags().StringVar(&flags.zip, "zip", "", "the `file` with the program of the functions")
	cmd.Flags().StringArrayVar(&flags.parameters, "parameter", nil, "a parameter of the template, as `KEY=VALUE`")
	return cmd
}

func (p *work) deployAWS(ctx context.Context, flags deployFlags) error {
	if err := deployment.CheckStack(flags.stack); err != nil {
		return err
	}
	files, err := deployment.Render(p.File, p.Drivers)
	if err != nil {
		return err
	}
	d := rollout.Deployment{Stack: flags.stack, Bucket: flags.bucket, Template: files.Template, Script: p.Cloud.Script}
	if d.Config, err = p.ReadFile(p.config); err != nil {
		return plan.Fixf("make it readable", "read the configuration: %w", printable.Error(err))
	}
	if d.Zip, err = p.program(flags.zip); err != nil {
		return err
	}
	if d.Parameters, err = pairs(flags.parameters); err != nil {
		return err
	}
	w, err := p.rollout()
	if err != nil {
		return err
	}
	done, err := w.Deploy(ctx, d)
	if err != nil {
		return err
	}
	report := notice.Deployed{Bucket: done.Bucket, Outputs: done.Stack.Outputs, Stack: flags.stack, State: "changed"}
	if done.Made {
		report.State = "made"
	}
	if done.Unchanged {
		report.State = "unchanged"
	}
	report.Next = p.nextOnAWS(done, flags)
	return p.Print(report)
}

// program reads the zip that is given, or the one beside this program.
func (s *session) program(name string) (rollout.File, error) {
	if name == "" {
		self, err := os.Executable()
		if err != nil {
			return rollout.File{}, plan.Fixf("name the zip with: --zip FILE", "where is this program: %w", err)
		}
		name = filepath.Join(filepath.Dir(self), "lambda.zip")
	}
	text, err := s.ReadFile(name)
	if err != nil {
		return rollout.File{}, plan.Fixf("make lambda builds bin/lambda.zip; name it with: --zip FILE",
			"read the program of the functions: %w", printable.Error(err))
	}
	return rollout.File{Name: name, Text: text}, nil
}

// pairs reads KEY=VALUE, each key once.
func pairs(all []string) (map[string]string, error) {
	of := map[string]string{}
	for _, text := range all {
		key, value, ok := strings.Cut(text, "=")
		if _, twice := of[key]; !ok || key == "" || twice {
			return nil, usageError{plan.Fixf("write each as: --parameter KEY=VALUE",
				"--parameter %q is no KEY=VALUE, or its key is given twice", text)}
		}
		of[key] = value
	}
	return of, nil
}

// rollout makes what deploys, and lets it talk.
func (s *session) rollout() (rollout.Work, error) {
	account, err := s.Cloud.Account()
	return rollout.Work{
		Account: account, Pace: s.Cloud.Pace, Token: func() string { return "catchment-" + rand.Text() },
		Tell: func(p rollout.Progress) {
			if p.Text != "" {
				s.Say("%s", p.Text)
				return
			}
			s.Say("  %s %s %s %s", p.Event.Status, p.Event.Type, p.Event.Resource, p.Event.Reason)
		},
	}, err
}

// nextOnAWS is what is left to do by hand, with the commands for it.
func (p *work) nextOnAWS(done rollout.Deployed, flags deployFlags) []notice.AWSStep {
	var steps []notice.AWSStep
	if done.Made && done.Stack.Parameters["LoginSecrets"] != "existing" {
		for _, f := range deployment.Fillings(p.File) {
			what := "put the text into secret " + f.Secret + ", from a file that you delete afterwards:"
			if len(f.Keys) > 0 {
				what = fmt.Sprintf(`put {"%s": "..."} into secret %s, from a file that you delete afterwards:`,
					strings.Join(f.Keys, `": "...", "`), f.Secret)
			}
			steps = append(steps, notice.AWSStep{What: what,
				Command: f.Command + " --secret-id " + f.Secret + " --secret-string file://secret.json"})
		}
	}
	steps = append(steps, notice.AWSStep{What: "start one run, and look at it with catchment status:",
		Command: "aws stepfunctions start-execution --state-machine-arn " + done.Stack.Outputs["Machine"]})
	if done.Stack.Parameters["ScheduleState"] == "DISABLED" {
		command := "catchment aws deploy --parameter ScheduleState=ENABLED"
		if flags.stack != "catchment" {
			command += " --stack " + flags.stack
		}
		steps = append(steps, notice.AWSStep{What: "where that went well, let the schedule start runs:",
			Command: command})
	}
	return steps
}

func (s *session) awsDestroyCommand() *cobra.Command {
	var stack string
	var yes bool
	cmd := &cobra.Command{
		Use:   "destroy",
		Short: "Take the stack on AWS away, and what runs left of AppFlow",
		Long: `Take the CloudFormation stack away, and with it functions, machine, schedule,
alarms and roles; and the flows of AppFlow that runs of this deployment have
left, or keep. The control table, the bucket of pages and the secrets stay, and
so does what was uploaded: destroy ends with the commands that delete them.

While a run goes on it does nothing.`,
		Example: "  catchment aws destroy\n  catchment aws destroy --yes",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.destroyAWS(cmd.Context(), stack, yes) })
		},
	}
	cmd.Flags().StringVar(&stack, "stack", "catchment", "the `name` of the stack")
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}

func (p *work) destroyAWS(ctx context.Context, stack string, yes bool) error {
	w, err := p.rollout()
	if err != nil {
		return err
	}
	found, err := w.Survey(ctx, rollout.Target{Stack: stack, AppFlow: p.File.AppFlow.Salesforce != "",
		Deployment: p.File.AppFlow.Deployment})
	if err != nil {
		return err
	}
	report := notice.Destroyed{Done: yes, Flows: found.Flows}
	if found.Stack.Status != "" {
		report.Stack = stack
	}
	if !yes {
		if err := p.Print(report); err != nil || report.Stack == "" && len(found.Flows) == 0 {
			return err
		}
		return usageError{plan.Fixf("to go on: add --yes", "nothing is deleted yet")}
	}
	gone, err := w.Destroy(ctx, found)
	for _, k := range gone.Kept {
		report.Kept = append(report.Kept, notice.AWSResource{Command: k.Command, Name: k.Name, Type: k.Type})
		if k.TakenBy != "" && !slices.Contains(report.Again, k.TakenBy) {
			report.Again = append(report.Again, k.TakenBy)
		}
	}
	if bucket := found.Stack.Parameters["CodeBucket"]; bucket != "" {
		report.Kept = append(report.Kept, notice.AWSResource{Type: "what was uploaded, for all stacks of", Name: bucket,
			Command: "aws s3 rm s3://" + bucket + "/catchment --recursive"})
	}
	if err != nil {
		return err
	}
	return p.Print(report)
}
