package lake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// shaper is the role of that name: it has the tables follow the source.
type shaper struct{ *site }

// thisVersion is that of our own tables: the second has the ledger of archives and the register of files. keyVersion
// is the property of the registry that says theirs.
const (
	thisVersion = 2
	keyVersion  = "catchment.version"
)

// Migrate makes our own tables, and refuses those of a newer version. The registry comes last: where it is, the others
// were made. Whoever has dropped one since, as one does that has lost what lists its files, gets a new one.
func (s shaper) Migrate(ctx context.Context) error {
	if len(s.GrantTo) > 0 {
		return plan.Fixf("remove `grant_to` from the warehouse section of catchment.yaml",
			"a lake has no roles to grant tables to: who may read its files, and its catalog, is said there")
	}
	t, err := s.Find(ctx, s.own(own.Flow))
	if errors.Is(err, tables.ErrNone) {
		return named("migrate the lake", s.makeOwn(ctx, nil))
	}
	if err != nil {
		return named("migrate the lake", err)
	}
	version, err := strconv.Atoi(t.Properties()[keyVersion])
	if err != nil || version > thisVersion {
		return plan.Fixf("install the version of catchment that wrote it, or a newer one",
			"the lake is of version %s, this catchment knows %d", t.Properties()[keyVersion], thisVersion)
	}
	has, err := s.listed(ctx)
	if err == nil {
		err = s.makeOwn(ctx, has)
	}
	if err == nil && version < thisVersion { // it lacked some
		err = s.Say(ctx, s.own(own.Flow), iceberg.Properties{keyVersion: strconv.Itoa(thisVersion)})
	}
	return named("migrate the lake", err)
}

// listed tells which tables there are where ours are, by their names.
func (s shaper) listed(ctx context.Context) (map[string]bool, error) {
	has := map[string]bool{}
	for _, space := range []string{s.Schema, s.Staging} {
		names, err := s.All(ctx, space)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			has[name] = true
		}
	}
	return has, nil
}

// makeOwn makes our own tables, but those of which it is known that they are there.
func (s shaper) makeOwn(ctx context.Context, has map[string]bool) error {
	for _, one := range own.All() {
		name, making := s.own(one.Name), one.Making()
		if one.Beside {
			name = s.beside(one.Name)
		}
		if has[one.Name] {
			continue
		}
		if one.Name == own.Flow {
			making.Properties = iceberg.Properties{keyVersion: strconv.Itoa(thisVersion)}
		}
		if _, err := s.Make(ctx, name, making); err != nil {
			return fmt.Errorf("%s: %w", one.Name, err)
		}
	}
	return nil
}

// Adapt gives the columns of t the names and kinds that the final table has for them.
func (s shaper) Adapt(ctx context.Context, t shape.Table) (shape.Table, shape.Past, error) {
	past, err := s.past(ctx, t)
	if err != nil {
		return t, past, named("look at the columns of "+t.Name, err)
	}
	final, err := s.found(ctx, s.final(t))
	if err != nil {
		return t, past, named("look at the columns of "+t.Name, err)
	}
	if final == nil {
		t, past = shaping.Adapt(t, nil, past)
		return t, past, nil
	}
	t, past = shaping.Adapt(t, final.Schema(), past)
	return t, past, nil
}

// found is a table, nil where there is none.
func (s *site) found(ctx context.Context, name table.Identifier) (*table.Table, error) {
	t, err := s.Find(ctx, name)
	if errors.Is(err, tables.ErrNone) {
		return nil, nil
	}
	return t, err
}

// Stored gives the columns of t that its final table has.
func (s shaper) Stored(ctx context.Context, t shape.Table) (shape.Table, error) {
	final, err := s.found(ctx, s.final(t))
	if err != nil {
		return t, named("columns of "+t.Name, err)
	}
	t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c shape.Column) bool {
		return final == nil || shaping.Lacks(final.Schema(), []shape.Column{c}) != ""
	})
	return t, nil
}

// past is what is remembered of an object and its fields.
func (s *site) past(ctx context.Context, t shape.Table) (past shape.Past, err error) {
	objects, err := s.found(ctx, s.beside(own.Objects))
	if err != nil || objects == nil {
		return past, err
	}
	for row, err := range own.Read(ctx, objects, own.Is("object", t.Object)) {
		if err != nil {
			return past, err
		}
		past.KeyPrefix = row["key_prefix"]
	}
	past.Fields, err = s.knownFields(ctx, t.Object)
	return past, err
}

// Describe writes down what Salesforce says about an object and its fields. What it knows of fields that are gone
// stays.
func (s shaper) Describe(ctx context.Context, f warehouse.Fence, o schema.Object, t shape.Table) error {
	err := s.fenced(ctx, f)
	if err != nil {
		return named("write the metadata of "+o.Name, err)
	}
	for name, edit := range described(o, t, columns.Moment(s.Now())) {
		if err := own.Edit(ctx, s.Lake, s.beside(name), own.Is("object", o.Name), edit); err != nil {
			return named("write the metadata of "+o.Name, err)
		}
	}
	return nil
}

// fenced refuses whoever doesn't hold a flow, or not any more.
func (s *site) fenced(ctx context.Context, f warehouse.Fence) error {
	m, known, err := s.known(ctx, f.Flow)
	if err == nil && (!known || m.Fence > f.Number) {
		err = warehouse.ErrFenced
	}
	return err
}
