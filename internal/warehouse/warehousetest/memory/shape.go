package memory

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
)

// Adapt gives the columns of t the names and kinds that the final table has for
// them.
func (p shaper) Adapt(ctx context.Context, t shape.Table) (shape.Table, shape.Past, error) {
	var past shape.Past
	err := p.view(ctx, "look at the columns of "+t.Name, func(o *operation) {
		if !o.has(o.Schema, tableFields) {
			return
		}
		past.Fields = o.known(t.Object)
		for _, r := range o.look(o.Schema, tableObjects).where(func(r row) bool { return r["object"] == t.Object }) {
			past.KeyPrefix = r["key_prefix"]
		}
		has := &table{}
		if o.has(o.Schema, t.Name) {
			has = o.final(t)
		}
		past.Columns = payload(has)
		t, past = adapt(t, has, past)
	})
	return t, past, err
}

// adapt is Adapt for a table that has these columns.
func adapt(t shape.Table, has *table, past shape.Past) (shape.Table, shape.Past) {
	taken := map[string]string{} // by which field
	for _, k := range past.Fields {
		taken[k.Column] = k.Field
	}
	t.Columns, t.Key, t.Chosen = slices.Clone(t.Columns), slices.Clone(t.Key), slices.Clone(t.Chosen)
	for i, c := range t.Columns {
		before, back := past.Fields, goesBack(c, t, has, past.Fields)
		if back || slices.Contains(t.Chosen, c.Name) { // what it was called before doesn't count
			before = nil
		}
		for _, name := range namesFor(c, before, taken) {
			kind, fits := c.Kind, true
			if old := has.find(name); old >= 0 {
				kind, fits = takesAs(has.columns[old].kind, c.Kind)
			}
			if fits {
				t.Columns[i].Name, t.Columns[i].Kind = name, kind
				if old := has.find(name); old >= 0 {
					if was := has.columns[old].kind; was != kind && was != shape.Text {
						past.Retyped = append(past.Retyped, name)
					}
				}
				break
			}
		}
		name := t.Columns[i].Name
		if back {
			t.Chosen = append(t.Chosen, name)
		}
		taken[name] = c.Field
		if k := slices.Index(t.Key, c.Name); k >= 0 {
			t.Key[k] = name
		}
	}
	return t, past
}

// goesBack tells whether a column still has a name that a flow gave it, and gives it no
// more, while the plain one is free.
func goesBack(c shape.Column, t shape.Table, has *table, known []shape.Known) bool {
	if slices.Contains(t.Chosen, c.Name) || has.find(c.Name) >= 0 {
		return false
	}
	plain := regexp.MustCompile("^(" + regexp.QuoteMeta(c.Name) + "|" +
		regexp.QuoteMeta(shape.ColumnName(c.Field, false)) + "|" + regexp.QuoteMeta(shape.ColumnName(c.Field, true)) +
		")(_[0-9a-f]{6})?(_[a-z]+)?$")
	return slices.ContainsFunc(known, func(k shape.Known) bool {
		at := has.find(k.Column)
		if at < 0 || !strings.EqualFold(k.Field, c.Field) || plain.MatchString(k.Column) {
			return false
		}
		_, fits := takesAs(has.columns[at].kind, c.Kind)
		return fits
	})
}

// namesFor lists the names that a column may have: the one that it had, the plain
// one, unless another field has that, and one with its kind.
func namesFor(c shape.Column, known []shape.Known, taken map[string]string) []string {
	var names []string
	for _, k := range known {
		if strings.EqualFold(k.Field, c.Field) {
			names = append(names, k.Column)
		}
	}
	plain := c.Name
	if by := taken[plain]; by != "" && !strings.EqualFold(by, c.Field) {
		plain += fmt.Sprintf("_%x", sha256.Sum256([]byte(strings.ToLower(c.Field))))[:7]
	}
	return append(names, plain, plain+"_"+string(c.Kind))
}

// takesAs tells as what kind a column takes values of another, if it can. A text
// takes all, of numbers the wider one takes the others, and each becomes a text.
func takesAs(has, wants shape.Kind) (shape.Kind, bool) {
	if has == wants || has == shape.Text {
		return wants, true
	}
	if has.Measured() && wants == shape.Text {
		return wants, true
	}
	if !has.Measured() || !wants.Measured() {
		return wants, false
	}
	return wider(has, wants), true
}

// wider is the later one of two kinds of number in the table of kinds.
func wider(a, b shape.Kind) shape.Kind {
	for _, k := range slices.Backward(shape.Kinds()) {
		if k.Kind == a || k.Kind == b {
			return k.Kind
		}
	}
	return b
}

// known is what _catchment_fields remembers of an object.
func (o *operation) known(object string) []shape.Known {
	var all []shape.Known
	for _, r := range o.look(o.Schema, tableFields).rows {
		if r["object"] == object {
			all = append(all, shape.Known{Field: r["field"], Column: r["column_name"], Label: r["label"],
				Type: r["type"], Length: int(r.int("length")), Precision: int(r.int("precision_digits")),
				Scale: int(r.int("scale_digits")), Calculated: r["calculated"] == "true"})
		}
	}
	slices.SortFunc(all, func(a, b shape.Known) int { return cmp.Compare(a.Field, b.Field) })
	return all
}

// payload is the names of the columns that aren't ours.
func payload(t *table) []string {
	var names []string
	for _, c := range t.columns {
		if !strings.HasPrefix(c.name, ownPrefix) {
			names = append(names, c.name)
		}
	}
	return names
}

// Prepare makes the two tables of t, or adds what they lack.
func (p shaper) Prepare(ctx context.Context, f warehouse.Fence, t shape.Table) ([]shape.Change, error) {
	var changes []shape.Change
	err := p.write(ctx, "prepare "+t.Name, &f, func(o *operation) (err error) {
		changes, err = o.prepare(t)
		return err
	})
	return changes, err
}

func (o *operation) prepare(t shape.Table) ([]shape.Change, error) {
	if len(t.Key) == 0 {
		return nil, plan.Fixf("declare the object's index fields as its key",
			"%s has no Id to tell records by", t.Object)
	}
	known := o.known(t.Object)
	if _, err := o.shape(o.Staging, t, known, columnsOf(ownOfStaging)); err != nil {
		return nil, err
	}
	return o.shape(o.Schema, t, known, columnsOf(ownOfFinal))
}

// shape makes one table of t, or changes it into what t wants, and tells what it
// did.
func (o *operation) shape(
	in string, t shape.Table, known []shape.Known, own []column,
) ([]shape.Change, error) {
	if !o.has(in, t.Name) {
		o.create(in, t.Name, append(columnsFor(t), own...))
		return []shape.Change{{Table: t.Name, What: shape.Created}}, nil
	}
	has := o.change(in, t.Name)
	var changes []shape.Change
	for _, c := range own {
		switch {
		case has.find(c.name) >= 0:
		case c.name == colRejected: // an older version made the table
			has.columns = append(has.columns, c)
			changes = append(changes, shape.Change{Table: t.Name, Column: c.name, What: shape.Added,
				Detail: string(c.kind)})
		default:
			return nil, plan.Fixf("rename that table, or give Catchment a schema of its own",
				"table %s.%s was not made by Catchment: it lacks the column %s", in, t.Name, c.name)
		}
	}
	changes = append(changes, rename(has, t, known)...)
	for _, c := range t.Columns {
		what, err := has.fit(c)
		if err != nil {
			return nil, err
		}
		if what != "" {
			changes = append(changes,
				shape.Change{Table: t.Name, Column: c.Name, What: what, Detail: string(c.Kind)})
		}
	}
	for _, name := range payload(has) {
		if !slices.ContainsFunc(t.Columns, func(c shape.Column) bool { return c.Name == name }) {
			changes = append(changes, shape.Change{Table: t.Name, Column: name, What: shape.Vanished,
				Detail: "the column keeps its old values"})
		}
	}
	return changes, nil
}

func columnFor(c shape.Column) column { return column{name: c.Name, kind: c.Kind, scale: c.Scale} }

func columnsFor(t shape.Table) []column {
	var all []column
	for _, c := range t.Columns {
		all = append(all, columnFor(c))
	}
	return all
}

// fit adds a column to the table, or widens it, and tells which.
func (t *table) fit(c shape.Column) (what string, err error) {
	i := t.find(c.Name)
	if i < 0 {
		t.columns = append(t.columns, columnFor(c))
		return shape.Added, nil
	}
	old := &t.columns[i]
	as, ok := takesAs(old.kind, c.Kind)
	switch {
	case old.kind == c.Kind || old.kind == shape.Text:
		return "", nil
	case !ok || as != c.Kind: // Adapt has seen another table
		return "", plan.Failf(plan.Bug, "run it again", "column %s is %s, and the field %s is %s", c.Name, old.kind,
			c.Field, c.Kind)
	}
	*old = columnFor(c)
	return shape.Widened, nil
}

// rename gives columns the names that the flow has for their fields now. Their
// values stay.
func rename(has *table, t shape.Table, known []shape.Known) []shape.Change {
	var changes []shape.Change
	for _, c := range t.Columns {
		k := slices.IndexFunc(known, func(k shape.Known) bool { return strings.EqualFold(k.Field, c.Field) })
		if k < 0 || !slices.Contains(t.Chosen, c.Name) || has.find(c.Name) >= 0 {
			continue
		}
		was := known[k].Column
		i := has.find(was)
		if i < 0 || slices.ContainsFunc(t.Columns, func(other shape.Column) bool { return other.Name == was }) {
			continue
		}
		if _, fits := takesAs(has.columns[i].kind, c.Kind); !fits {
			continue
		}
		has.columns[i].name = c.Name
		for _, r := range has.rows {
			if value, ok := r[was]; ok {
				delete(r, was)
				r[c.Name] = value
			}
		}
		changes = append(changes, shape.Change{Table: t.Name, Column: c.Name, What: shape.Renamed,
			Detail: "was " + was})
	}
	return changes
}

// Stored gives the columns of t that its final table has.
func (p shaper) Stored(ctx context.Context, t shape.Table) (shape.Table, error) {
	return seen(ctx, p.process, "columns of "+t.Name, func(o *operation) shape.Table {
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c shape.Column) bool {
			return !o.has(o.Schema, t.Name) || o.final(t).find(c.Name) < 0
		})
		return t
	})
}

// Describe writes down what Salesforce says about an object and its fields. What
// it knows of fields that are gone stays.
func (p shaper) Describe(
	ctx context.Context, f warehouse.Fence, object schema.Object, t shape.Table,
) error {
	return p.write(ctx, "write the metadata of "+object.Name, &f, func(o *operation) error {
		objects := o.change(o.Schema, tableObjects)
		objects.remove(func(r row) bool { return r["object"] == object.Name })
		objects.add(values{"object": object.Name, "table_name": t.Name,
			"label": object.Label, "key_prefix": object.KeyPrefix, "custom": object.Custom, "described_at": p.now()})
		for _, c := range t.Columns {
			if field, ok := object.Field(c.Field); ok {
				o.describe(object.Name, c.Name, field)
			}
		}
		return nil
	})
}

func (o *operation) describe(object, column string, f schema.Field) {
	fields, picklists := o.change(o.Schema, tableFields), o.change(o.Schema, tablePicklists)
	ofField := func(r row) bool { return r["object"] == object && r["field"] == f.Name }
	fields.remove(ofField)
	picklists.remove(ofField)
	fields.add(values{"object": object, "field": f.Name, "column_name": column,
		"label": f.Label, "type": f.Type, "length": f.Length, "precision_digits": f.Precision, "scale_digits": f.Scale,
		"nillable": f.Nillable, "calculated": f.Calculated, "custom": f.Custom,
		"reference_to": strings.Join(f.ReferenceTo, ","), "relationship_name": f.RelationshipName})
	for i, v := range f.PicklistValues {
		picklists.add(values{"object": object, "field": f.Name,
			"position": i + 1, "value": v.Value, "label": v.Label, "active": v.Active, "is_default": v.Default})
	}
}

// Inspect compares a final table with what its mark remembers (invariant 12).
func (p shaper) Inspect(
	ctx context.Context, t shape.Table, m warehouse.Mark, latest time.Time,
) (shape.Condition, error) {
	return seen(ctx, p.process, "inspect "+t.Name, func(o *operation) shape.Condition {
		return o.condition(t, m, latest)
	})
}

// Key says that no key was lost: none is enforced here.
func (p shaper) Key(context.Context, shape.Table) (evidence.Key, error) { return evidence.Key{}, nil }

func (o *operation) condition(t shape.Table, m warehouse.Mark, latest time.Time) shape.Condition {
	if !o.has(o.Schema, t.Name) {
		if m.SyncedAt.IsZero() {
			return shape.Absent
		}
		return shape.Dropped
	}
	rows, newest := o.final(t).extent()
	isAhead := func(r row) bool { return r.isAhead(latest) }
	switch {
	case !o.final(t).isOurs(t):
		return shape.Foreign
	case rows == 0 && m.Rows > 0:
		return shape.Emptied
	case newest.Before(m.Newest):
		return shape.Restored
	case slices.ContainsFunc(o.final(t).rows, isAhead):
		return shape.Ahead
	case rows < m.Rows:
		return shape.Fewer
	}
	return shape.Intact
}

// isAhead tells whether a row is stamped, or was read, later than a moment.
func (r row) isAhead(latest time.Time) bool {
	end := latest.Add(evidence.Leeway)
	return r.time(colAt).After(end) || r.time(colReadAt).After(end)
}

// isOurs tells whether a final table was made by Prepare.
func (t *table) isOurs(of shape.Table) bool {
	for _, c := range columnsOf(ownOfFinal) {
		if t.find(c.name) < 0 && c.name != colRejected { // which older tables lack
			return false
		}
	}
	return !slices.ContainsFunc(of.Key, func(k string) bool { return t.find(k) < 0 })
}

// extent is how many rows a final table has, and when the newest was written.
func (t *table) extent() (int64, time.Time) {
	var newest time.Time
	for _, r := range t.rows {
		if at := r.time(colSyncedAt); at.After(newest) {
			newest = at
		}
	}
	return int64(len(t.rows)), newest
}
