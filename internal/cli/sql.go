package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

func (s *session) sqlCommand() *cobra.Command {
	var dialect string
	var install bool
	cmd := &cobra.Command{
		Use:   "sql [OBJECT...]",
		Short: "Print the DDL and the consolidation of each table",
		Long: `Print, as text, the SQL that a run uses: the staging and final tables of each flow
and the statements that consolidate one into the other; for PostgreSQL also the
procedures of CALL consolidated_of_tables(), which consolidates whatever was loaded
as a whole. Nothing is executed, and no warehouse is opened; the org is asked for its
objects.

With --install the procedures are made in the warehouse instead. Do it again when
the fields of a flow have changed: CALL refuses what it wasn't made for.`,
		Example: `  catchment sql Account
  catchment sql --dialect postgres > tables.sql
  catchment sql --dialect postgres --install`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := s.open()
			if err != nil {
				return err
			}
			defer p.Close()
			if dialect == "" {
				dialect, _, _ = strings.Cut(p.File.Warehouse.URL, ":")
			}
			d, err := dialectOf(dialect, p.File.Warehouse.Text)
			if err != nil {
				return err
			}
			if err := p.OpenOrg(); err != nil {
				return err
			}
			tables, err := p.tables(cmd, args)
			if err != nil {
				return err
			}
			if install {
				return p.install(cmd, d, tables)
			}
			return p.printSQL(d, tables)
		},
	}
	cmd.Flags().StringVar(&dialect, "dialect", "", "the SQL of this `warehouse`, duckdb, postgres or redshift; else of the configured one")
	cmd.Flags().BoolVar(&install, "install", false, "make the procedures in the warehouse")
	return cmd
}

func dialectOf(name string, text string) (*warehouse.Dialect, error) {
	switch name {
	case "duckdb":
		return warehouse.DuckDB(), nil
	case "postgres":
		return warehouse.Postgres(), nil
	}
	if strings.HasPrefix(name, "redshift") { // the way there makes no other SQL
		return warehouse.Redshift(warehouse.LongText(text)), nil
	}
	return nil, plan.Fixf("this program speaks: duckdb, postgres, redshift", "no dialect is called %q", name)
}

// tables is what each flow writes, and its policy.
func (p *work) tables(cmd *cobra.Command, names []string) ([]warehouse.Procedure, error) {
	flows, err := p.Flows(cmd.Context(), names)
	if err != nil {
		return nil, err
	}
	find := p.Sources()
	find.Secret = nil // the tables are the same without
	var all []warehouse.Procedure
	for _, fl := range flows {
		src, err := find.Source(cmd.Context(), fl)
		if err != nil {
			return nil, err
		}
		all = append(all, warehouse.Procedure{Table: src.Table, Policy: warehouse.Policy(fl.Deletes)})
	}
	return all, nil
}

// printSQL prints the text of each table, and of the procedures where the
// dialect has some.
func (p *work) printSQL(d *warehouse.Dialect, tables []warehouse.Procedure) error {
	for _, t := range tables {
		text := warehouse.Script(d, p.WarehouseOptions(), t.Table, t.Policy)
		if err := p.print(notice.SQL{Dialect: d.Name, Object: t.Table.Object, SQL: text}); err != nil {
			return err
		}
	}
	if d.Clock == "" { // it has no procedures
		return nil
	}
	text, err := warehouse.Procedures(d, p.WarehouseOptions(), tables)
	if err != nil {
		return err
	}
	return p.print(notice.SQL{Dialect: d.Name, SQL: text})
}

// install makes the procedures in the warehouse.
func (p *work) install(cmd *cobra.Command, d *warehouse.Dialect, tables []warehouse.Procedure) error {
	if err := p.OpenWarehouse(); err != nil {
		return err
	}
	if err := p.Warehouse.Migrate(cmd.Context()); err != nil {
		return err
	}
	if err := p.Warehouse.Install(cmd.Context(), tables); err != nil {
		return err
	}
	call := "CALL " + d.Table(p.File.Warehouse.StagingSchema, "consolidated_of_tables") + "()"
	return p.print(notice.Installed{Dialect: d.Name, Procedures: len(tables), Call: call})
}
