package sql

import (
	"context"
	"fmt"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
)

// Migrate makes the schemas and our own tables, or brings those of an older
// version up to date. It may be repeated. A warehouse that a newer version has
// migrated is refused.
func (w *shaper) Migrate(ctx context.Context) error {
	if len(w.o.GrantTo) > 0 && w.d.Grantee == "" {
		return plan.Fixf("remove `grant_to` from the warehouse section of catchment.yaml",
			"%s has no roles to grant tables to", w.d.Name)
	}
	err := w.encodes(ctx)
	if err == nil {
		err = w.migrate(ctx)
	}
	if err != nil {
		return fmt.Errorf("migrate the warehouse: %w", err)
	}
	return nil
}

// encodes refuses a database that hasn't room for every character: Salesforce has
// them all, and a text that can't be kept as it is would stop its flow one night.
func (w *shaper) encodes(ctx context.Context) error {
	if w.d.Encoding == "" {
		return nil
	}
	return w.driver.View(ctx, func(tx Tx) error {
		var encoding string
		if _, err := queryRow(ctx, tx, []any{&encoding}, w.d.Encoding); err != nil || encoding == "UTF8" {
			return err
		}
		return plan.Fixf("name another in warehouse.url, made with: CREATE DATABASE name ENCODING 'UTF8' "+
			"TEMPLATE template0; a copy that is here is read anew there",
			"the database keeps its texts in %s, and only UTF8 has every character of Salesforce", encoding)
	})
}

// migrate is one transaction; where DDL commits, it is one for each look at what
// is still to be made.
func (w *shaper) migrate(ctx context.Context) error {
	if w.d.TransactionalDDL {
		return w.tx(ctx, func(tx Tx) error {
			base, err := w.base(ctx, tx)
			if err != nil {
				return err
			}
			if err := doSteps(ctx, tx, base); err != nil {
				return err
			}
			if _, err = w.next(ctx, tx); err != nil {
				return err
			}
			return w.writable(ctx, tx)
		})
	}
	var base []dialect.Step
	err := w.tx(ctx, func(tx Tx) (err error) {
		base, err = w.base(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	s := shaping{
		look:   func(see func(Tx) error) error { return w.tx(ctx, see) },
		what:   "our own tables",
		decide: func(tx Tx) ([]dialect.Step, error) { return w.next(ctx, tx) },
	}
	if err := w.stepByStep(ctx, s, base); err != nil {
		return err
	}
	return w.untilDone(ctx, s)
}

// writable refuses a user who may read our own tables and not write them: it would
// fail with the first flow.
func (w *shaper) writable(ctx context.Context, tx Tx) error {
	err := w.allowed(ctx, tx, own.FlowTable, map[string]dialect.Need{w.o.Staging: {Seen: true}})
	if err != nil {
		return err
	}
	return w.allowed(ctx, tx, own.ObjectsTable, map[string]dialect.Need{w.o.Schema: {Seen: true}})
}

// next does the migrations that were not done yet, and writes down the version
// of each once everything of it is there. Where DDL commits, it gives the steps
// of the first that lacks some.
func (w *shaper) next(ctx context.Context, tx Tx) ([]dialect.Step, error) {
	if err := owned(ctx, tx, w.store, ourNames()...); err != nil { // before anything of it is looked at
		return nil, err
	}
	version := w.own(own.VersionTable)
	done, err := count(ctx, tx, "SELECT max(version) FROM "+version)
	if err != nil {
		return nil, err
	}
	all := own.Migrations()
	if done > int64(len(all)) {
		return nil, plan.Fixf("install the version of catchment that wrote it, or a newer one",
			"the warehouse is of version %d, this catchment knows %d", done, len(all))
	}
	for n := int(done); n < len(all); n++ {
		for _, t := range all[n] {
			todo, err := w.lacking(ctx, tx, t)
			if err != nil || len(todo) > 0 && !w.d.TransactionalDDL {
				return todo, err
			}
			if err := doSteps(ctx, tx, todo); err != nil {
				return nil, err
			}
		}
		if _, err := tx.Exec(ctx, "INSERT INTO "+version+" VALUES ($1)", n+1); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// lacking is the steps that make one of our own tables, or add columns or an index to it.
// Where a crash may have left some of them done, it asks which.
func (w *shaper) lacking(ctx context.Context, tx Tx, t own.Table) ([]dialect.Step, error) {
	todo := dialect.Steps(statements.MakeOwn(w.d, w.o, t)...)
	if w.d.TransactionalDDL {
		more, err := w.opened(ctx, tx, t)
		return append(todo, more...), err
	}
	if len(todo) == 0 {
		return nil, nil
	}
	has, err := storedColumns(ctx, tx, statements.SchemaOf(w.o, t), t.Name)
	if err != nil || len(has) == 0 {
		return todo, err
	}
	var left []dialect.Step
	for i, c := range strings.Split(t.Columns, ", ") {
		name, _, _ := strings.Cut(c, " ")
		if _, ok := dialect.Find(has, name); !ok && t.Add {
			left = append(left, todo[i])
		}
	}
	return left, nil
}

// opened lets those read one of our own tables beside the final ones, which comes with this version, who were let in
// by the one before.
func (w *shaper) opened(ctx context.Context, tx Tx, t own.Table) ([]dialect.Step, error) {
	var all []dialect.Step
	for _, role := range w.o.GrantTo {
		if !t.Final || t.Add {
			continue
		}
		known, err := w.granted(ctx, tx, role)
		if err != nil {
			return nil, err
		}
		if known {
			all = append(all, w.d.Grant(role, w.o.Schema, false, t.Name)...)
		}
	}
	return all, nil
}

// base makes what even the oldest migration needs. Where asking for what is there
// takes a right, what is there isn't asked for: somebody else may have made it.
func (w *shaper) base(ctx context.Context, tx Tx) ([]dialect.Step, error) {
	var todo []string
	for _, schema := range []string{w.o.Schema, w.o.Staging} {
		if w.d.Schemas != "" {
			if n, err := count(ctx, tx, w.d.Schemas, schema); err != nil {
				return nil, err
			} else if n > 0 {
				continue
			}
		}
		todo = append(todo, "CREATE SCHEMA IF NOT EXISTS "+w.d.Quote(schema))
	}
	version, err := storedColumns(ctx, tx, w.o.Staging, own.VersionTable)
	if len(version) == 0 {
		todo = append(todo,
			"CREATE TABLE IF NOT EXISTS "+w.own(own.VersionTable)+" (version "+w.d.Type(shape.Int, 0)+")")
	}
	return dialect.Steps(todo...), err
}

// ourNames are the names of our own tables.
func ourNames() []string {
	names := []string{own.VersionTable}
	for _, step := range own.Migrations() {
		for _, t := range step {
			if !t.Add {
				names = append(names, t.Name)
			}
		}
	}
	return names
}
