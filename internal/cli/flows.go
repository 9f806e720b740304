package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/plan"
)

func (s *session) flowsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Flows of Amazon AppFlow: bring them in, write them out, list them",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.flowsImportCommand(), s.flowsPushCommand(), s.flowsListCommand())
	return cmd
}

func (s *session) flowsImportCommand() *cobra.Command {
	var given []string
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Make flows of CloudFormation templates that hold AppFlow flows",
		Long: `Read CloudFormation templates, YAML or JSON, and print their AppFlow flows as the
flows section of a catchment.yaml. What can't be carried over is told on stderr, by
line, with the reason. Nothing is written, and nobody is asked.`,
		Example: `  catchment flows import appflow.yaml
  catchment flows import appflow.yaml --parameter Stage=prod >> catchment.yaml`,
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
			for _, file := range args {
				if err := s.importFlows(file, parameters); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringArrayVar(&given, "parameter", nil, "a `NAME=VALUE` for a parameter of the template; may be given again")
	return cmd
}

func (s *session) importFlows(file string, parameters map[string]string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return plan.Fixf("name a file that can be read", "read the template: %w", err)
	}
	if s.Drivers.Import == nil {
		return plan.Failf(plan.Bug, "", "this program can't read templates")
	}
	im, err := s.Drivers.Import(file, text, parameters)
	if err != nil {
		return err
	}
	for _, n := range im.Notes {
		if s.json {
			if err := s.line(map[string]any{"type": "note", "file": n.File, "line": n.Line, "flow": n.Flow, "text": n.Text}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(s.Stderr, "note: %s\n", n)
	}
	if !s.json {
		_, err := s.Stdout.Write(im.YAML)
		return err
	}
	for _, f := range im.Flows {
		if err := s.line(map[string]any{"type": "flow", "object": f.Object, "name": f.Name, "file": file, "line": f.Line}); err != nil {
			return err
		}
	}
	return s.line(map[string]any{"type": "flows", "file": file, "flows": len(im.Flows), "notes": len(im.Notes), "yaml": string(im.YAML)})
}

func (s *session) flowsPushCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "push [OBJECT...]",
		Short: "Write control rows, and templates for flows that land by AppFlow",
		Long: `Write the row of each flow into the control table, and for flows whose mover is
appflow the CloudFormation template of the flow that a run makes, under templates/ in
the stage. A run does both by itself where they are missing; pushed beforehand they
can be read and reviewed. No stack is made and nothing is copied.`,
		Example: "  catchment flows push",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			if err := p.OpenAll(cmd.Context()); err != nil {
				return err
			}
			flows, err := p.Flows(cmd.Context(), args)
			if err != nil {
				return err
			}
			r := p.replicator(args, false)
			for _, fl := range flows {
				key, err := r.Keep(cmd.Context(), fl)
				if err != nil {
					return err
				}
				if _, err := p.Control.UpdateFlow(cmd.Context(), fl.Object, func(*control.FlowRow) {}); err != nil {
					return err
				}
				if s.json {
					if err := s.line(map[string]any{"type": "flow", "object": fl.Object, "mover": fl.Mover, "template": key}); err != nil {
						return err
					}
					continue
				}
				s.say("%s: control row%s", fl.Object, andTemplate(key))
			}
			return nil
		},
	}
}

func andTemplate(key string) string {
	if key == "" {
		return ""
	}
	return " and " + key
}

func (s *session) flowsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the control rows and the templates",
		Long:    "List the flows that the control table knows, and the templates in the stage. Neither the org nor the warehouse is asked.",
		Example: "  catchment flows list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			if err := p.OpenControl(cmd.Context()); err != nil {
				return err
			}
			rows, err := p.Control.Flows(cmd.Context())
			if err != nil {
				return err
			}
			for _, row := range rows {
				if s.json {
					err = s.line(map[string]any{"type": "flow", "object": row.Object, "paused": row.Paused, "generation": row.Generation,
						"watermark": row.Watermark, "rows": row.Rows, "last_run": row.LastRun})
				} else {
					_, err = fmt.Fprintf(s.Stdout, "%-40s generation %d, %d rows, %s behind%s\n", row.Object, row.Generation, row.Rows, s.lag(row.Watermark), paused(row.Paused))
				}
				if err != nil {
					return err
				}
			}
			for info, err := range p.Stage.List(cmd.Context(), "templates/") {
				if err == nil && s.json {
					err = s.line(map[string]any{"type": "template", "key": info.Key, "bytes": info.Size, "written": info.Written})
				} else if err == nil {
					_, err = fmt.Fprintln(s.Stdout, info.Key)
				}
				if err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func paused(yes bool) string {
	if yes {
		return ", paused"
	}
	return ""
}
