package cli

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/control"
	"catchment/internal/control/wanted"
	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/status"
)

func (s *session) flowsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Flows as control rows and templates, and those of Amazon AppFlow",
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(s.flowsImportCommand(), s.flowsPushCommand(), s.flowsPullCommand(), s.flowsRemoveCommand(),
		s.flowsListCommand())
	return cmd
}

func (s *session) flowsPushCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "push [OBJECT...]",
		Short: "Write control rows and templates of flows",
		Long: `Write what is to be copied into the control table, a row for each flow, and its
template into the stage, under templates/: what the configuration says of it. With
flows: control runs go by these rows, and whoever adds or removes one has the next
run copy an object or no more. --file takes the flows of another file, which has a
section flows as flows import and flows pull print it. For a flow whose mover is
appflow the CloudFormation template of the flow that a run makes is written too, to
be read. Rows that are not named stay. Nothing is copied.`,
		Example: `  catchment flows push
  catchment flows push --file more.yaml`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.pushFlows(cmd.Context(), file, args) })
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "take the flows of this `FILE`")
	return cmd
}

// pushed is the file whose flows are pushed, and its text.
func (p *work) pushed(file string) (*flow.File, []byte, error) {
	if file == "" {
		if p.File.FromControl {
			return nil, nil, usageError{plan.Fixf("name a file with a section flows: --file FILE",
				"%s has no flows of its own: control rows say what to copy", p.config)}
		}
		data, err := os.ReadFile(p.config)
		return p.File, data, err
	}
	data, err := os.ReadFile(file) // #nosec G304 -- an argument of the command
	if err != nil {
		return nil, nil, plan.Fixf("name a file that can be read", "read the flows: %w", printable.Error(err))
	}
	from, err := p.File.With(file, data)
	return from, data, err
}

// pushFlows writes the rows and templates of the named flows, and what a run would write of
// those that land.
func (p *work) pushFlows(ctx context.Context, file string, names []string) error {
	from, data, err := p.pushed(file)
	if err != nil {
		return err
	}
	texts, err := from.Templates(data)
	if err != nil {
		return err
	}
	chosen, err := project.Choose(from.Flows, names)
	if err != nil {
		return err
	}
	lands := slices.ContainsFunc(chosen, func(i int) bool { return from.Flows[i].Mover == flow.ByAppFlow })
	open := p.OpenControl
	if lands {
		open = p.OpenAll
	}
	if err := open(ctx); err != nil {
		return err
	}
	for _, i := range chosen {
		fl := from.Flows[i]
		key, err := p.Want(ctx, fl, texts[i])
		if err != nil {
			return err
		}
		if err := p.Print(notice.Pushed{Object: fl.Object, Mover: string(fl.Mover), Template: key}); err != nil {
			return err
		}
	}
	if !lands {
		return nil
	}
	return p.keepLandings(ctx, from.Flows, chosen)
}

// keepLandings writes the flows of AppFlow that a run would make.
func (p *work) keepLandings(ctx context.Context, flows []flow.Flow, chosen []int) error {
	known, err := p.Flows(ctx, nil)
	if err != nil {
		return err
	}
	r := p.Replicator(nil, p.runOptions(false))
	for _, fl := range known {
		pushed := slices.ContainsFunc(chosen, func(i int) bool {
			return flows[i].Matches(fl.Object)
		})
		if !pushed || fl.Wrong != nil || fl.Mover != flow.ByAppFlow {
			continue
		}
		key, err := r.Keep(ctx, fl)
		if err != nil {
			return err
		}
		if err := p.Print(notice.Pushed{Object: fl.Object, Mover: string(fl.Mover), Landing: key}); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) flowsPullCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pull",
		Short: "Print the flows of the control rows as YAML",
		Long: `Read the control rows and their templates, and print them as the flows section of a
catchment.yaml. Rows that are wrong are told on stderr, and the others printed.
Neither the org nor the warehouse is asked.`,
		Example: "  catchment flows pull > flows.yaml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.pullFlows(cmd.Context()) })
		},
	}
}

// pullFlows prints what the control rows want.
func (p *work) pullFlows(ctx context.Context) error {
	rows, err := p.WantedRows(ctx)
	if err != nil {
		return err
	}
	flows, err := p.FlowsOf(ctx, rows)
	if err != nil {
		return err
	}
	report, errs := notice.Pulled{}, []error(nil)
	for i, fl := range flows {
		if fl.Wrong != nil {
			errs = append(errs, fl.Wrong)
			continue
		}
		var text []byte
		if rows[i].Template != "" {
			if text, err = p.Template(ctx, rows[i]); err != nil {
				return err
			}
		}
		one, err := p.File.YAML(fl, text)
		if err != nil {
			return err
		}
		report.Flows, report.YAML = report.Flows+1, report.YAML+string(one)
	}
	return errors.Join(append(errs, p.Print(report))...)
}

func (s *session) flowsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove OBJECT...",
		Short: "Take control rows out: runs copy these objects no more",
		Long: `Take the rows of objects out of the control table. With flows: control the next run
copies them no more; their tables stay as they are, and so does their template. A row
that is written again goes on from its watermark.`,
		Example: "  catchment flows remove Case",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.inProject(func(p *work) error { return p.removeFlows(cmd.Context(), args) })
		},
	}
}

// removeFlows takes rows out, all that were named or none.
func (p *work) removeFlows(ctx context.Context, names []string) error {
	rows, err := p.WantedRows(ctx)
	if err != nil {
		return err
	}
	for i, name := range names {
		at := slices.IndexFunc(rows, func(r wanted.Row) bool { return r.Object == name })
		if at < 0 {
			at = slices.IndexFunc(rows, func(r wanted.Row) bool { return strings.EqualFold(r.Object, name) })
		}
		if at < 0 {
			return plan.Fixf("the rows are: "+printable.Line(strings.Join(wanted.Objects(rows), ", ")),
				"no control row wants an object %s", name)
		}
		names[i] = rows[at].Object
	}
	for _, name := range names {
		if _, err := p.Wanted.Remove(ctx, name); err != nil {
			return err
		}
		if err := p.Print(notice.Removed{Object: name}); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) flowsListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the control rows and the templates",
		Long: "List the flows that the control table knows, what its rows want, and the templates in the stage. " +
			"Neither the org nor the warehouse is asked.",
		Example: "  catchment flows list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.inProject(func(p *work) error { return p.listFlows(cmd.Context()) })
		},
	}
}

// listFlows prints what the control table and the stage know of flows.
func (p *work) listFlows(ctx context.Context) error {
	wants, err := p.WantedRows(ctx)
	if err != nil {
		return err
	}
	flows, err := p.Control.Flows(ctx)
	if err != nil {
		return err
	}
	for _, row := range controlRows(flows, wants, p.Now()) {
		if err := p.Print(row); err != nil {
			return err
		}
	}
	for info, err := range p.Stage.List(ctx, project.TemplateFolder) {
		if err != nil {
			return err
		}
		if err := p.Print(notice.Template{Key: info.Key, Bytes: info.Size, Written: info.Written}); err != nil {
			return err
		}
	}
	return nil
}

// controlRows is what the control table remembers of flows, and what it wants, by object.
func controlRows(flows []control.FlowRow, wants []wanted.Row, now time.Time) []notice.ControlRow {
	all := map[string]notice.ControlRow{}
	known := map[string]string{} // names, which know no case
	for _, f := range flows {
		known[strings.ToLower(f.Object)] = f.Object
		all[f.Object] = notice.ControlRow{
			Object: f.Object, Paused: f.Paused, Generation: f.Generation, Rows: f.Rows, LastRun: f.LastRun,
			Watermark: f.Watermark, Behind: behind(f.Watermark, now),
		}
	}
	for _, w := range wants {
		object := cmp.Or(known[strings.ToLower(w.Object)], w.Object)
		row := all[object]
		row.Object, row.Wanted, row.Template, row.Paused = object, true, w.Template, row.Paused || w.Paused
		if w.Window != nil {
			row.Window = strings.TrimSpace(w.Window.Last + " " + w.Window.Zone)
		}
		if w.Wrong != nil {
			row.Wrong = w.Wrong.Error()
		}
		all[object] = row
	}
	rows := make([]notice.ControlRow, 0, len(all))
	for _, object := range slices.Sorted(maps.Keys(all)) {
		rows = append(rows, all[object])
	}
	return rows
}

// behind is how far a watermark is behind, nil where there is none. The
// watermark is the org's time and now is this machine's, which may be earlier.
func behind(watermark, now time.Time) *status.Seconds {
	if watermark.IsZero() {
		return nil
	}
	return new(status.Seconds(max(now.Sub(watermark), 0)))
}
