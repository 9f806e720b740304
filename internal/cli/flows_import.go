package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/template"
)

func (s *session) flowsImportCommand() *cobra.Command {
	var given []string
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Make flows of those that Amazon AppFlow has",
		Long: `Read flows of Amazon AppFlow and print them as the flows section of a
catchment.yaml. They may be answers of aws appflow describe-flow, CloudFormation
templates in YAML or JSON, or Terraform: its files, or their folder.

What can't be carried over is told on stderr, by line, with the reason. A flow that
AppFlow itself would refuse is told, and the others are printed. Nothing is written,
and nobody is asked.`,
		Example: `  aws appflow describe-flow --flow-name contacts | catchment flows import -
  catchment flows import appflow.yaml --parameter Stage=prod >> catchment.yaml
  catchment flows import infrastructure/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			parameters := map[string]string{}
			for _, p := range given {
				name, value, ok := strings.Cut(p, "=")
				if !ok || name == "" {
					return usageError{plan.Fixf("write --parameter NAME=VALUE", "--parameter %s has no =", p)}
				}
				parameters[name] = value
			}
			return s.importFlows(args, parameters)
		},
	}
	cmd.Flags().StringArrayVar(&given, "parameter", nil,
		"a `NAME=VALUE` for a parameter of the template, or a variable of Terraform; may be given again")
	return cmd
}

// importFlows prints the flows of files, and then what is wrong with the rest.
func (s *session) importFlows(names []string, parameters map[string]string) error {
	var files []template.File
	for _, name := range names {
		more, err := s.filesOf(name)
		if err != nil {
			return err
		}
		files = append(files, more...)
	}
	im, wrong := template.Import(files, parameters)
	report := notice.Import{YAML: string(im.YAML())}
	for _, f := range files {
		report.Files = append(report.Files, f.Name)
	}
	for _, n := range im.Notes {
		report.Notes = append(report.Notes, notice.ImportNote{
			File: n.File, Line: n.Line, Flow: n.Flow, Text: n.Text, Said: n.String(),
		})
	}
	for _, f := range im.Flows {
		report.Flows = append(report.Flows, notice.ImportedFlow{
			File: f.File, Object: f.Object, Name: f.Name, Line: f.Line,
		})
	}
	if err := s.Print(report); err != nil {
		return err
	}
	return wrong
}

// filesOf reads what an argument names: a file, what comes in by -, or the files of
// Terraform in a folder.
func (s *session) filesOf(name string) ([]template.File, error) {
	if name == "-" && s.Stdin != nil {
		text, err := io.ReadAll(io.LimitReader(s.Stdin, template.LongestFile+1))
		if err != nil {
			return nil, plan.Failf(plan.Retry, "give a file in the place of -", "read what comes in: %w", err)
		}
		return []template.File{{Name: "stdin", Text: text}}, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, unreadable(err)
	}
	paths := []string{name}
	if info.IsDir() {
		if paths, err = terraformIn(name); err != nil {
			return nil, err
		}
	}
	var files []template.File
	for _, path := range paths {
		text, err := readAtMost(path, template.LongestFile+1)
		if err != nil {
			return nil, unreadable(err)
		}
		files = append(files, template.File{Name: path, Text: text})
	}
	return files, nil
}

func unreadable(err error) error {
	return plan.Fixf("name a file that can be read, or the folder of Terraform's", "read flows: %w", err)
}

// readAtMost reads so much of a file: a longer one is refused by who reads it.
func readAtMost(path string, most int64) ([]byte, error) {
	f, err := os.Open(path) // #nosec G304 -- an argument of the command
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}

// terraformIn lists the files that Terraform reads in a folder.
func terraformIn(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, unreadable(err)
	}
	var paths []string
	for _, e := range entries {
		if !e.IsDir() && template.IsTerraform(e.Name()) {
			paths = append(paths, filepath.Join(folder, e.Name()))
		}
	}
	if len(paths) == 0 {
		return nil, plan.Fixf("name the files themselves", "%s holds no file of Terraform (*.tf, *.tf.json)", folder)
	}
	return paths, nil
}
