package verify

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"catchment/internal/archive"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/room"
)

// A glance is what the org says of some records at one moment.
type glance struct {
	pages []warehouse.Page // of those that are where they were looked for, whole
	found map[string]*sight
}

// records is how many the pages hold, kept aside or not.
func (l glance) records() int {
	n := 0
	for _, s := range l.found {
		if s.read {
			n++
		}
	}
	return n
}

// A sight is what the org says of one record, beside its values.
type sight struct {
	read    bool // it is where it was looked for, and in the page
	deleted bool
	stamp   time.Time
	author  string
	unkept  string          // the field whose text this warehouse doesn't hold as it is
	empty   map[string]bool // lookups without a value, by their columns: of what was deleted
	file    bodies.File     // where the record is a file
}

// look reads records whole where they are looked for, and finds out what became of the others.
func (p *proof) look(ctx context.Context, ids []string) (glance, error) {
	l := glance{found: map[string]*sight{}}
	t := p.taker(&l)
	read := p.live
	if p.in == archive.Bin {
		read = p.binned
	}
	page, err := p.shelf.write(ctx, p.shelf.mended(), t.header, func(write func([]string) error) error {
		t.write = write
		return read(ctx, ids, t)
	})
	if err != nil {
		return l, err
	}
	if l.pages = []warehouse.Page{page}; l.records() == 0 {
		p.shelf.forget(ctx, l.pages)
		l.pages = nil
	}
	return l, nil
}

// live reads records that aren't deleted, by one call, and finds out what became of the others. Some live,
// and only queryAll gives them: activities that Salesforce has archived.
func (p *proof) live(ctx context.Context, ids []string, t *taker) error {
	texts := make([]string, len(t.fields))
	find := p.asker().records()
	err := find.Collect(ctx, ids, t.fields, func(r salesforce.Record) (err error) {
		for i, name := range t.fields {
			if texts[i], err = r.Text(name); err != nil {
				return err
			}
		}
		return t.take(texts)
	})
	if err != nil {
		return err
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return t.into.found[id] != nil })
	if len(rest) == 0 {
		return nil
	}
	states, err := find.States(ctx, rest)
	if err != nil {
		return err
	}
	var quiet []string
	for _, id := range rest {
		switch s, known := states[id]; {
		case known && s.Deleted:
			t.into.found[id] = &sight{deleted: true, stamp: s.At}
		case known:
			quiet = append(quiet, id)
		}
	}
	return find.Whole(ctx, quiet, t.fields, t.take)
}

// binned reads records that are deleted, and sees those that live.
func (p *proof) binned(ctx context.Context, ids []string, t *taker) error {
	return p.asker().records().Whole(ctx, ids, t.fields, t.take)
}

// A taker writes records into a page, and remembers of each what its verdict needs.
type taker struct {
	in     archive.Place
	into   glance
	header []string // of the page
	types  []schema.Type
	fields []string          // that are asked for: those of the page, and more
	lookup map[string]string // the columns of fields that hold another record's Id
	file   body.Fields
	room   room.Limits // of the warehouse
	write  func([]string) error
	record []string
}

// taker asks for all that is compared, and for what verdicts say.
func (p *proof) taker(l *glance) *taker {
	t := &taker{in: p.in, into: *l, header: fieldsOf(p.subject.judged), lookup: map[string]string{},
		room: p.Warehouse.Room()}
	t.file, _ = body.Of(p.flow.Object)
	t.fields = slices.Clone(t.header)
	for _, name := range append([]string{"Id", "IsDeleted", "SystemModstamp", "LastModifiedById"}, t.file.Needed()...) {
		f, ok := p.subject.source.Object.Field(name)
		if ok && !slices.Contains(t.fields, f.Name) {
			t.fields = append(t.fields, f.Name)
		}
	}
	t.types = p.subject.types(t.header)
	t.record = make([]string, len(t.header))
	for i, c := range p.subject.judged.Columns {
		if t.types[i] == schema.Reference {
			t.lookup[c.Field] = c.Name
		}
	}
	return t
}

// take takes one record, as the texts of its fields.
func (t *taker) take(texts []string) error {
	id := t.text(texts, "Id")
	if t.into.found[id] != nil {
		return plan.Strangef("a record was answered twice")
	}
	s, err := t.sight(texts)
	if err != nil {
		return err
	}
	t.into.found[id] = s
	if s.deleted != (t.in == archive.Bin) {
		return nil
	}
	s.read = true
	for i, name := range t.header {
		text := texts[i]
		if !t.keeps(text) {
			s.unkept = name
		}
		if column := t.lookup[name]; column != "" && text == "" {
			if s.empty == nil {
				s.empty = map[string]bool{}
			}
			s.empty[column] = true
		}
		if t.record[i], err = t.types[i].Canonical(text); err != nil { // the way of the page judges that
			t.record[i] = text
		}
	}
	return t.write(t.record)
}

// keeps tells whether the warehouse holds a text as it is: what it changes is changed in the page and
// in the row alike, and no comparison would tell.
func (t *taker) keeps(text string) bool {
	return utf8.ValidString(text) && (t.room.NUL || strings.IndexByte(text, 0) < 0) &&
		(t.room.Cut == 0 || len(text) <= t.room.Cut)
}

// text is the text of a field, "" where it isn't asked for.
func (t *taker) text(texts []string, field string) string {
	i := slices.IndexFunc(t.fields, func(name string) bool { return strings.EqualFold(name, field) })
	if i < 0 {
		return ""
	}
	return texts[i]
}

// sight reads what a verdict needs of a record.
func (t *taker) sight(texts []string) (*sight, error) {
	s := &sight{deleted: t.text(texts, "IsDeleted") == "true", author: t.text(texts, "LastModifiedById")}
	var err error
	if at := t.text(texts, "SystemModstamp"); at != "" {
		if s.stamp, err = salesforce.ParseTime(at); err != nil {
			return nil, err
		}
	}
	if t.file.Object == "" {
		return s, nil
	}
	s.file = bodies.File{ID: t.text(texts, "Id"), Size: -1, Location: t.text(texts, t.file.Location)}
	s.file.Version.Checksum = t.text(texts, t.file.Checksum)
	if t.file.Stamp != "" {
		s.file.Version.Stamp = s.stamp
	}
	if size := t.text(texts, t.file.Size); size != "" {
		if s.file.Size, err = strconv.ParseInt(size, 10, 64); err != nil {
			return nil, plan.Strangef("the size of a file isn't a number")
		}
	}
	return s, nil
}
