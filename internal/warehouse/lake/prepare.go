package lake

import (
	"context"
	"maps"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/shaping"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// A side is one of a flow's two tables.
type side struct {
	name  table.Identifier
	ours  []shape.Column // our own columns of it
	final bool
}

func (s *site) sides(t shape.Table) []side {
	return []side{{s.stage(t), columns.Staging(), false}, {s.final(t), columns.Final(), true}}
}

// Admits tells why Prepare would refuse t.
func (s shaper) Admits(ctx context.Context, t shape.Table) error {
	return named("prepare "+t.Name, s.admits(ctx, t))
}

func (s *site) admits(ctx context.Context, t shape.Table) error {
	if len(t.Key) == 0 {
		return plan.Fixf("declare the object's index fields as its key", "%s has no Id to tell records by", t.Object)
	}
	known, err := s.knownFields(ctx, t.Object)
	if err != nil {
		return err
	}
	for _, one := range s.sides(t) {
		has, err := s.found(ctx, one.name)
		if err != nil {
			return err
		}
		if has == nil {
			continue
		}
		if _, err := one.shaping(t, has, known); err != nil {
			return err
		}
	}
	return nil
}

// shaping finds out what one of the tables of t lacks, and refuses one that somebody else has made.
func (one side) shaping(t shape.Table, has *table.Table, known []shape.Known) (shaping.Shaping, error) {
	lacks := shaping.Lacks(has.Schema(), one.ours)
	if _, marked := has.Properties()[keyStanding]; one.final && lacks == "" && !marked {
		lacks = keyStanding
	}
	if lacks != "" {
		return shaping.Shaping{}, plan.Fixf("rename that table, or give Catchment a schema of its own",
			"table %s.%s was not made by Catchment: it lacks %s", one.name[0], one.name[1], lacks)
	}
	return shaping.Of(t, has.Schema(), known)
}

// Prepare makes the two tables of t, or adds what they lack.
func (s shaper) Prepare(ctx context.Context, f warehouse.Fence, t shape.Table) ([]shape.Change, error) {
	changes, err := s.prepare(ctx, f, t)
	return changes, named("prepare "+t.Name, err)
}

func (s *site) prepare(ctx context.Context, f warehouse.Fence, t shape.Table) ([]shape.Change, error) {
	if err := s.fenced(ctx, f); err != nil {
		return nil, err
	}
	if err := s.admits(ctx, t); err != nil {
		return nil, err
	}
	known, err := s.knownFields(ctx, t.Object)
	if err != nil {
		return nil, err
	}
	var changes []shape.Change
	for _, one := range s.sides(t) {
		did, err := s.prepareOne(ctx, f, t, one, known)
		if err != nil {
			return nil, err
		}
		if one.final {
			changes = did
		}
	}
	return changes, s.settle(ctx, f)
}

// settle notes that the final table was made, and has it follow who has claimed its flow meanwhile, or taken over its
// org: they told the registry alone. The note comes after the table, and before anything is written into it: so a table
// that was noted, and isn't there, was dropped.
func (s *site) settle(ctx context.Context, f warehouse.Fence) error {
	all, err := s.registered(ctx)
	if err != nil {
		return err
	}
	l, known := all[f.Flow]
	if known && !l.Made {
		if err := s.enter(ctx, f.Flow, func(now line) line { now.Made = true; return now }); err != nil {
			return err
		}
	}
	stands, has, err := s.stands(ctx, l.Mark.Table)
	if err != nil {
		return err
	}
	if _, behind := l.over(stands); behind && has {
		holder := warehouse.Fence{Flow: f.Flow, Number: max(f.Number, l.Mark.Fence)}
		if _, err := s.follow(ctx, holder, l, true); err != nil {
			return err
		}
	}
	if l.Mark.Fence > f.Number {
		return warehouse.ErrFenced
	}
	return nil
}

// prepareOne makes one of the tables of t, or adds what it lacks, and tells what it did.
func (s *site) prepareOne(
	ctx context.Context, f warehouse.Fence, t shape.Table, one side, known []shape.Known,
) ([]shape.Change, error) {
	has, err := s.found(ctx, one.name)
	if err != nil {
		return nil, err
	}
	if has == nil {
		return []shape.Change{{Table: t.Name, What: shape.Created}}, s.makeSide(ctx, f, t, one)
	}
	todo, err := one.shaping(t, has, known)
	if err != nil || !todo.Needed() {
		return todo.Changes, err
	}
	_, err = s.Commit(ctx, one.name, s.reshaping(f, t, func(has *table.Table) (*tables.Change, error) {
		todo, err := one.shaping(t, has, known)
		if err != nil || !todo.Needed() {
			return nil, err
		}
		return todo.Change(has), nil
	}))
	return todo.Changes, err
}

// reshaping is a commit that changes the columns of a table, for who holds its flow. A final table keeps its standing,
// and says so in the snapshot.
func (s *site) reshaping(
	f warehouse.Fence, t shape.Table, change func(*table.Table) (*tables.Change, error),
) tables.Builder {
	return func(ctx context.Context, has *table.Table) (*tables.Change, error) {
		if err := s.fenced(ctx, f); err != nil {
			return nil, err
		}
		c, err := change(has)
		if err != nil || c == nil {
			return nil, err
		}
		stands, is, err := standingOf(has)
		if err != nil || !is {
			return c, err
		}
		if err := stands.holds(f); err != nil {
			return nil, err
		}
		if err := stands.watch(has); err != nil {
			return nil, err
		}
		return c, stands.carry(c)
	}
}

// makeSide makes one of the tables of t. A final table begins with what the registry says of its flow.
func (s *site) makeSide(ctx context.Context, f warehouse.Fence, t shape.Table, one side) error {
	m := tables.Making{Schema: columns.Schema(t.Columns, one.ours), Properties: statistics(t, one.ours)}
	var err error
	if m.Order, err = shaping.Order(t, m.Schema); err != nil {
		return err
	}
	if !one.final {
		m.Spec = byDay(m.Schema)
		_, err = s.Make(ctx, one.name, m)
		return err
	}
	all, err := s.registered(ctx)
	if err != nil {
		return err
	}
	l, known := all[f.Flow]
	if !known || l.Mark.Fence > f.Number {
		return warehouse.ErrFenced
	}
	properties, err := standing{Mark: l.Mark}.properties()
	if err != nil {
		return err
	}
	maps.Copy(m.Properties, properties)
	_, err = s.Make(ctx, one.name, m)
	return err
}

// statistics are the properties by which files are found that have some keys, or rows of some time or attempt: a bloom
// filter over the key, and bounds that aren't cut off.
func statistics(t shape.Table, ours []shape.Column) iceberg.Properties {
	p := iceberg.Properties{}
	exact := slices.Clone(t.Key)
	for _, key := range t.Key {
		p["write.parquet.bloom-filter-enabled.column."+key] = "true"
	}
	for _, c := range ours {
		if c.Kind == shape.Timestamp || c.Name == columns.Attempt || c.Name == columns.Job {
			exact = append(exact, c.Name)
		}
	}
	for _, column := range exact {
		p["write.metadata.metrics.column."+column] = "full"
	}
	return p
}

// byDay partitions a stage table by the day on which its versions were read.
func byDay(s *iceberg.Schema) *iceberg.PartitionSpec {
	at, _ := s.FindFieldByName(columns.ReadAt)
	spec := iceberg.NewPartitionSpec(iceberg.PartitionField{SourceIDs: []int{at.ID}, FieldID: 1000,
		Name: columns.ReadAt + "_day", Transform: iceberg.DayTransform{}})
	return &spec
}
