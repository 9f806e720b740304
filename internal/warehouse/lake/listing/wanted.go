package listing

import (
	"context"
	"slices"
	"strings"

	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/register"
	"catchment/internal/warehouse/lake/rows"
)

// wanted is which of the files are looked for.
type wanted struct {
	ids    map[string]bool // of the files, or of their documents; nil for all
	linked map[string]bool // the documents that are linked to the record
}

// look finds out which files are looked for. keys are the Ids of those that may be, nil where that has to be seen row
// by row.
func (l *listing) look(ctx context.Context) (keys []string, err error) {
	if l.search.Record != "" {
		if err := l.lookForLinks(ctx); err != nil {
			return nil, err
		}
	}
	if len(l.search.IDs) == 0 {
		return nil, nil
	}
	l.ids = map[string]bool{}
	for _, id := range l.search.IDs {
		l.ids[id] = true
	}
	versions, err := l.versions(ctx)
	if err != nil {
		return nil, err
	}
	keys = append(versions, l.search.IDs...)
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// lookForLinks finds the documents that are linked to the record.
func (l *listing) lookForLinks(ctx context.Context) error {
	l.linked = map[string]bool{}
	if l.of.Links == "" || l.files.column(l.of.Parent) == "" {
		return nil
	}
	links, err := l.find(ctx, l.of.Links)
	if err != nil {
		return err
	}
	linked, to := links.column(l.of.Linked), links.column(l.of.To)
	if linked == "" || to == "" {
		return nil
	}
	q := rows.Query{Columns: []string{linked, to}, AnyOrder: true}
	return l.each(ctx, links.table, q, func(row compare.Row) bool {
		if document := row.Text(linked); document != "" && row.Text(to) == l.search.Record {
			l.linked[document] = true
		}
		return true
	})
}

// versions are the Ids of so many versions of the documents that are asked for, of those that follow the last answer.
// An Id that a file has is no document's: where all are such, nothing more has to be looked for.
func (l *listing) versions(ctx context.Context) (ids []string, err error) {
	parent := l.files.column(l.of.Parent)
	if l.of.Links == "" || parent == "" {
		return nil, nil
	}
	documents, err := l.noFiles(ctx)
	if err != nil || len(documents) == 0 {
		return nil, err
	}
	found := least[string]{most: l.most, compare: strings.Compare, join: first[string]}
	q := rows.Query{Key: []string{l.files.key()}, Columns: []string{parent}, After: l.after, AnyOrder: true}
	err = l.each(ctx, l.files.table, q, func(row compare.Row) bool {
		if documents[row.Text(parent)] {
			found.add(row.Key)
		}
		return true
	})
	return found.list(), err
}

// noFiles are those of the Ids that no row and no line has.
func (l *listing) noFiles(ctx context.Context) (map[string]bool, error) {
	left := map[string]bool{}
	for id := range l.ids {
		left[id] = true
	}
	keys := slices.Sorted(slices.Values(l.search.IDs))
	files := rows.Query{Key: []string{l.files.key()}, Keys: keys, AnyOrder: true}
	lines := rows.Query{Key: []string{own.FileKey}, Keys: keys, AnyOrder: true,
		Where: register.Of(l.search.Object)}
	met := func(row compare.Row) bool {
		delete(left, row.Key)
		return len(left) > 0
	}
	if err := l.each(ctx, l.files.table, files, met); err != nil {
		return nil, err
	}
	return left, l.each(ctx, l.known, lines, met)
}

// wants tells whether the file of a row is looked for.
func (l *listing) wants(row compare.Row) bool {
	document := row.Text(l.files.column(l.of.Parent))
	if l.ids != nil && !l.ids[row.Key] && !(l.of.Links != "" && l.ids[document]) {
		return false
	}
	return l.search.Record == "" || l.hangs(row, document)
}

// hangs tells whether a file shows that it hangs on the record.
func (l *listing) hangs(row compare.Row, document string) bool {
	fields := l.of.Also
	if l.of.Links == "" {
		fields = []string{l.of.Parent}
	}
	for _, field := range fields {
		if row.Text(l.files.column(field)) == l.search.Record {
			return true
		}
	}
	return l.linked[document]
}

// alone tells whether a file is looked for that has a line and no row.
func (l *listing) alone(id string) bool {
	return l.search.Record == "" && (l.ids == nil || l.ids[id])
}
