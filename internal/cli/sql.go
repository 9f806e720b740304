package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

func (s *session) sqlCommand() *cobra.Command {
	var dialect string
	cmd := &cobra.Command{
		Use:   "sql [OBJECT...]",
		Short: "Print the DDL and the consolidation of each table",
		Long: `Print, as text, the SQL that a run uses: the staging and final tables of each flow
and the statements that consolidate one into the other. Nothing is executed, and
no warehouse is opened; the org is asked for its objects.`,
		Example: `  catchment sql Account
  catchment sql --dialect duckdb > tables.sql`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			return p.sql(cmd, args, dialect)
		},
	}
	cmd.Flags().StringVar(&dialect, "dialect", "duckdb", "the SQL of this `warehouse`: duckdb")
	return cmd
}

func (p *project) sql(cmd *cobra.Command, names []string, name string) error {
	if name != "duckdb" {
		return plan.Fixf("this program speaks: duckdb", "no dialect is called %q", name)
	}
	d := warehouse.DuckDB()
	if err := p.openOrg(); err != nil {
		return err
	}
	flows, err := p.flows(cmd.Context(), names)
	if err != nil {
		return err
	}
	for _, fl := range flows {
		o, err := p.org.Describe(cmd.Context(), fl.Object)
		if err != nil {
			return err
		}
		fields, _, err := flow.Fields(fl, o)
		if err != nil {
			return err
		}
		t, err := warehouse.TableFor(o, fields, fl.Naming == flow.Snake)
		if err != nil {
			return err
		}
		text := warehouse.Script(d, p.warehouseOptions(), t, warehouse.Policy(fl.Deletes))
		if p.json {
			if err := p.line(map[string]any{"type": "sql", "object": fl.Object, "dialect": name, "sql": text}); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintln(p.Stdout, text); err != nil {
			return err
		}
	}
	return nil
}
