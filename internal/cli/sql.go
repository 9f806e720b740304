package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

func (s *session) sqlCommand() *cobra.Command {
	var dialect string
	var install, ready, external bool
	example := s.Drivers.Server
	cmd := &cobra.Command{
		Use:   "sql [OBJECT...]",
		Short: "Print the DDL and the consolidation of each table",
		Long: `Print, as text, the SQL that a run uses: the staging and final tables of each flow
and the statements that consolidate one into the other; for ` + s.Drivers.Warehouses[example].Title + ` also the
procedures of CALL consolidated_of_tables(), which consolidates whatever was loaded
as a whole. Nothing is executed, and no warehouse is opened; the org is asked for its
objects.

This is a template, to be read. --execute-ready prints what can be executed as it
stands: one transaction that makes all schemas, tables and procedures of a first run,
for who wants to review or make them beforehand. The user of warehouse.url is to own
them:  catchment sql --execute-ready | psql -v ON_ERROR_STOP=1 ...

Of a lake, --external prints how an engine of others reads it where it is: statements
that make its tables visible there, and a view of the live rows of each. What nobody
can know without asking is a word to replace, which begins with YOUR_.

With --install the procedures are made in the warehouse instead. Do it again when
the fields of a flow have changed: CALL refuses what it wasn't made for.`,
		Example: `  catchment sql Account
  catchment sql --dialect ` + example + ` > tables.sql
  catchment sql --dialect ` + example + ` --install
  catchment sql --dialect athena --external > views.sql`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if install && ready {
				return usageError{plan.Fixf("see: catchment sql --help",
					"--install executes, --execute-ready prints: take one")}
			}
			if external && (install || ready) {
				return usageError{plan.Fixf("see: catchment sql --help",
					"--external is for engines of others: take it, or --install, or --execute-ready")}
			}
			if external && dialect == "" {
				return usageError{plan.Fixf("say who: --dialect "+plural.List(s.Drivers.Engines, "or"),
					"--external prints how somebody else reads the lake, and nothing says who")}
			}
			flags := sqlFlags{dialect, install, ready, external}
			return s.inProject(func(p *work) error { return p.sql(cmd.Context(), args, flags) })
		},
	}
	cmd.Flags().StringVar(&dialect, "dialect", "",
		"the SQL of this `warehouse`, "+plural.List(s.Drivers.Dialects(), "or")+"; else of the configured one")
	cmd.Flags().BoolVar(&install, "install", false, "make the procedures in the warehouse")
	cmd.Flags().BoolVar(&ready, "execute-ready", false,
		"print what can be executed as it stands, instead of a template")
	cmd.Flags().BoolVar(&external, "external", false,
		"print how an engine of others reads a lake where it is, --dialect being "+plural.List(s.Drivers.Engines, "or"))
	return cmd
}

// sqlFlags are the switches of sql.
type sqlFlags struct {
	dialect                  string
	install, ready, external bool
}

// sql prints the SQL of the named flows, or makes the procedures.
func (p *work) sql(ctx context.Context, names []string, flags sqlFlags) error {
	if flags.external {
		return printExternal(ctx, p, names, flags.dialect)
	}
	if flags.dialect == "" {
		flags.dialect, _, _ = strings.Cut(p.File.Warehouse.URL, ":")
	}
	script, err := p.scripter(flags.dialect)
	if err != nil {
		return err
	}
	tables, wrong, err := p.tables(ctx, names)
	if err != nil {
		return err
	}
	do := p.printSQL
	switch {
	case flags.install:
		do = func(script warehouse.Scripter, tables []warehouse.Procedure) error {
			return p.install(ctx, script, tables)
		}
	case flags.ready && wrong != nil: // half of it would be no first run's
		return wrong
	case flags.ready:
		do = func(script warehouse.Scripter, tables []warehouse.Procedure) error {
			return printReady(p, script, tables)
		}
	}
	return errors.Join(do(script, tables), wrong)
}

// scripter writes the SQL of a warehouse, whose scheme says which.
func (p *work) scripter(scheme string) (warehouse.Scripter, error) {
	driver := p.Drivers.Warehouses[p.Drivers.Scheme(scheme)]
	if driver.Script == nil && driver.Reader != nil {
		return nil, plan.Fixf("engines of others read it by: catchment sql --external --dialect "+
			plural.List(p.Drivers.Engines, "or"), "a run does without SQL in a warehouse that is a %s", driver.Title)
	}
	if driver.Script == nil {
		return nil, plan.Fixf("this program speaks: "+strings.Join(p.Drivers.Dialects(), ", "),
			"no dialect is called %q", scheme)
	}
	return driver.Script(p.File.Warehouse.Text), nil
}

// tables is what each flow writes, and its policy; and what is wrong with those that write
// nothing. The org is asked.
func (p *work) tables(ctx context.Context, names []string) (all []warehouse.Procedure, wrong, err error) {
	if err := p.OpenOrg(ctx); err != nil {
		return nil, nil, err
	}
	if p.File.FromControl {
		if err := p.LookAtWants(ctx); err != nil {
			return nil, nil, err
		}
	}
	flows, err := p.Flows(ctx, names)
	if err != nil {
		return nil, nil, err
	}
	find := p.Sources()
	find.Secret = nil // the tables are the same without
	for _, fl := range flows {
		if fl.Wrong != nil {
			wrong = errors.Join(wrong, fl.Wrong)
			continue
		}
		src, err := find.Source(ctx, fl)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, warehouse.Procedure{Table: src.Table, Policy: gone.Policy(fl.Deletes)})
	}
	return all, wrong, nil
}

// printExternal prints how an engine of others reads the tables of the named flows. A table that it can't read stops no
// other.
func printExternal(ctx context.Context, p *work, names []string, engine string) error {
	reader, err := p.Drivers.ReaderFor(p.File.Warehouse.URL, engine)
	if err != nil {
		return err
	}
	tables, wrong, err := p.tables(ctx, names)
	if err != nil {
		return err
	}
	if len(tables) > 0 {
		err = p.Print(notice.SQL{Dialect: engine, SQL: reader.Opening(p.WarehouseOptions())})
	}
	for _, t := range tables {
		if err != nil {
			return err
		}
		view, unread := reader.View(p.WarehouseOptions(), t)
		if unread != nil {
			wrong = errors.Join(wrong, unread)
			continue
		}
		err = p.Print(notice.SQL{Dialect: engine, Object: t.Table.Object, SQL: view})
	}
	return errors.Join(err, wrong)
}

// printSQL prints the text of each table, and of the procedures where there are
// some.
func (p *work) printSQL(script warehouse.Scripter, tables []warehouse.Procedure) error {
	for _, t := range tables {
		text := script.Script(p.WarehouseOptions(), t.Table, t.Policy)
		if err := p.Print(notice.SQL{Dialect: script.Name(), Object: t.Table.Object, SQL: text}); err != nil {
			return err
		}
	}
	text, err := script.Procedures(p.WarehouseOptions(), tables)
	if err != nil || text == "" {
		return err
	}
	return p.Print(notice.SQL{Dialect: script.Name(), SQL: text})
}

// printReady prints what makes all tables.
func printReady(p *work, script warehouse.Scripter, tables []warehouse.Procedure) error {
	text, err := script.Ready(p.WarehouseOptions(), tables)
	if err != nil {
		return err
	}
	return p.Print(notice.SQL{Dialect: script.Name(), SQL: text})
}

// install makes the procedures in the warehouse.
func (p *work) install(ctx context.Context, script warehouse.Scripter, tables []warehouse.Procedure) error {
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
	return p.Print(notice.Installed{
		Dialect: script.Name(), Procedures: len(tables), Call: script.Call(p.WarehouseOptions()),
	})
}
