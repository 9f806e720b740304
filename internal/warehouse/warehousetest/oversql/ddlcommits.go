package oversql

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
)

// DDLCommits makes of a warehouse one whose DDL commits at once and is refused in
// a transaction, which can't give a column another type where it is, and whose
// loads are jobs that no transaction can hold: what the ones that are like that
// have in common. It adds a table to the staging schema for each page on its
// way.
func DDLCommits(inner sql.Driver) sql.Driver { return &ddlCommits{Driver: inner} }

type ddlCommits struct {
	sql.Driver
	jobs sync.Mutex // one at a time
}

// Behind is the driver for whoever isn't Catchment.
func (d *ddlCommits) Behind() sql.Driver { return d.Driver }

func (d *ddlCommits) Dialect() *dialect.Dialect {
	dialect := *d.Driver.Dialect()
	dialect.Name += " whose DDL commits"
	dialect.TransactionalDDL, dialect.LoadsApart, dialect.Retypes = false, true, false
	return &dialect
}

func (d *ddlCommits) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.Driver.Tx(ctx, func(tx sql.Tx) error { return f(&withoutDDL{tx, d}) })
}

func (d *ddlCommits) View(ctx context.Context, f func(sql.Tx) error) error {
	return d.Driver.View(ctx, func(tx sql.Tx) error { return f(&withoutDDL{tx, d}) })
}

// Prepared commits after each statement of ddl.
func (d *ddlCommits) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	return d.Driver.Tx(ctx, func(tx sql.Tx) error {
		for _, sql := range ddl {
			if !isDDL(sql) {
				return fmt.Errorf("not DDL: %s", sql)
			}
			for _, sql := range []string{sql, "COMMIT", "BEGIN TRANSACTION"} {
				if _, err := tx.Exec(ctx, sql); err != nil {
					return err
				}
			}
		}
		if f == nil {
			return nil
		}
		return f(&withoutDDL{tx, d})
	})
}

// Bring makes a table for each page, in a transaction of its own.
func (d *ddlCommits) Bring(ctx context.Context, c sql.Copy) error {
	d.jobs.Lock()
	defer d.jobs.Unlock()
	for _, p := range c.Pages {
		err := d.Driver.Tx(ctx, func(tx sql.Tx) error {
			one := c
			one.Into, one.Pages = d.place(c, p), []warehouse.Page{p}
			there, err := d.brought(ctx, tx, one)
			if err != nil || there {
				return err
			}
			var defs []string
			for _, col := range c.Columns {
				defs = append(defs, d.Dialect().Quote(col.Name)+" "+col.Type)
			}
			for _, col := range own.Staging() {
				if slices.Contains(own.Loaded(), col.Name) {
					defs = append(defs, d.Dialect().Define(col))
				}
			}
			if _, err := tx.Exec(ctx, "CREATE TABLE "+one.Into+" ("+strings.Join(defs, ", ")+")"); err != nil {
				return err
			}
			_, err = tx.Load(ctx, one)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Forget drops the tables of the pages.
func (d *ddlCommits) Forget(ctx context.Context, c sql.Copy) error {
	d.jobs.Lock()
	defer d.jobs.Unlock()
	return d.Driver.Tx(ctx, func(tx sql.Tx) error {
		var places []string
		for _, p := range c.Pages {
			places = append(places, d.place(c, p))
		}
		if len(c.Pages) == 0 {
			all, err := d.places(ctx, tx, c)
			if err != nil {
				return err
			}
			places = all
		}
		for _, place := range places {
			if _, err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+place); err != nil {
				return err
			}
		}
		return nil
	})
}

// places is the tables of all pages of an attempt that are on their way into a
// table.
func (d *ddlCommits) places(ctx context.Context, tx sql.Tx, c sql.Copy) ([]string, error) {
	var all []string
	err := tx.Query(ctx, func(scan sql.Scan) error {
		var name string
		err := scan(&name)
		all = append(all, schemaOf(c)+"."+d.Dialect().Quote(name))
		return err
	}, "SELECT table_name FROM information_schema.tables WHERE table_name LIKE $1", broughtPrefix+c.IDs()+"%")
	return all, err
}

// schemaOf is the quoted schema of the table that pages go to.
func schemaOf(c sql.Copy) string { return c.Into[:strings.LastIndex(c.Into, `."`)] }

// broughtPrefix starts the names of the tables of pages on their way.
const broughtPrefix = "_catchment_brought_"

// place is the table for a page on its way, in the schema of the one that it goes
// to.
func (d *ddlCommits) place(c sql.Copy, p warehouse.Page) string {
	return schemaOf(c) + "." + d.Dialect().Quote(broughtPrefix+c.ID(p))
}

// brought tells whether there is the table of a page.
func (d *ddlCommits) brought(ctx context.Context, tx sql.Tx, one sql.Copy) (there bool, err error) {
	_, name, _ := strings.Cut(one.Into, `."`)
	err = tx.Query(ctx, func(scan sql.Scan) error {
		there = true
		return scan(new(string))
	}, "SELECT table_name FROM information_schema.tables WHERE table_name = $1", strings.Trim(name, `"`))
	return there, err
}

// withoutDDL is a transaction that refuses DDL, and loads what was brought.
type withoutDDL struct {
	sql.Tx
	driver *ddlCommits
}

func (t *withoutDDL) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if isDDL(sql) {
		return 0, plan.Failf(plan.Bug, "", "DDL in a transaction: %s", sql)
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func (t *withoutDDL) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	names := own.Loaded()
	for _, col := range c.Columns {
		names = append(names, col.Name)
	}
	list := t.driver.Dialect().List("", names)
	rows := make([]int64, len(c.Pages))
	for i, p := range c.Pages {
		var err error
		rows[i], err = t.Exec(ctx, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s", c.Into, list, list,
			t.driver.place(c, p)))
		if err != nil && strings.Contains(err.Error(), "does not exist") {
			return nil, plan.Failf(plan.Retry, "", "page %s: %w", p.Key, sql.ErrNotBrought)
		}
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

var (
	comments = regexp.MustCompile(`(?s)--[^\n]*(\n|$)|/\*.*?\*/`)
	ddlWords = []string{"CREATE", "ALTER", "DROP", "TRUNCATE", "GRANT", "REVOKE"}
)

// isDDL tells whether a text has a statement of DDL, whatever stands before it.
func isDDL(sql string) bool {
	for one := range strings.SplitSeq(comments.ReplaceAllString(sql, " "), ";") {
		words := strings.Fields(strings.ToUpper(one))
		if len(words) > 0 && slices.Contains(ddlWords, words[0]) {
			return true
		}
	}
	return false
}
