package cli

import (
	"context"
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
			return s.inProject(func(p *work) error { return p.sql(cmd.Context(), args, dialect, install) })
		},
	}
	cmd.Flags().StringVar(&dialect, "dialect", "",
		"the SQL of this `warehouse`, duckdb, postgres or redshift; else of the configured one")
	cmd.Flags().BoolVar(&install, "install", false, "make the procedures in the warehouse")
	return cmd
}

// sql prints the SQL of the named flows, or makes the procedures.
func (p *work) sql(ctx context.Context, names []string, dialect string, install bool) error {
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
	tables, err := p.tables(ctx, names)
	if err != nil {
		return err
	}
	if install {
		return p.install(ctx, d, tables)
	}
	return p.printSQL(d, tables)
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
func (p *work) tables(ctx context.Context, names []string) ([]warehouse.Procedure, error) {
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return nil, err
	}
	find := p.Sources()
	find.Secret = nil // the tables are the same without
	var all []warehouse.Procedure
	for _, fl := range flows {
		src, err := find.Source(ctx, fl)
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
		if err := p.Print(notice.SQL{Dialect: d.Name, Object: t.Table.Object, SQL: text}); err != nil {
			return err
		}
	}
	if d.Clock == "" { // it has no procedures
		return nil
	}
	text, err := warehouse.ProcedureScript(d, p.WarehouseOptions(), tables)
	if err != nil {
		return err
	}
	return p.Print(notice.SQL{Dialect: d.Name, SQL: text})
}

// install makes the procedures in the warehouse.
func (p *work) install(ctx context.Context, d *warehouse.Dialect, tables []warehouse.Procedure) error {
	if err := p.OpenWarehouse(); err != nil {
		return err
	}
	if err := p.Warehouse.Migrate(ctx); err != nil {
		return err
	}
	procedures := warehouse.RolesOf(p.Warehouse).Procedures
	if procedures == nil {
		return plan.Fixf("nothing has to be installed there: a run consolidates by itself",
			"%s has no procedures of ours", p.Warehouse.Name())
	}
	if err := procedures.Install(ctx, tables); err != nil {
		return err
	}
	call := "CALL " + d.Table(p.File.Warehouse.StagingSchema, "consolidated_of_tables") + "()"
	return p.Print(notice.Installed{Dialect: d.Name, Procedures: len(tables), Call: call})
}
