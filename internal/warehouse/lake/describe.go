package lake

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/schema"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/shape"
)

// described are the rows that describe an object, as edits of our tables that have them.
func described(o schema.Object, t shape.Table, now string) map[string]func([]own.Row) []own.Row {
	object := own.Row{"object": o.Name, "table_name": t.Name, "label": o.Label, "key_prefix": o.KeyPrefix,
		"custom": strconv.FormatBool(o.Custom)}
	var fields, picklists []own.Row
	is := map[string]bool{}
	for _, c := range t.Columns {
		f, ok := o.Field(c.Field)
		if !ok {
			continue
		}
		is[f.Name] = true
		fields = append(fields, describedField(o.Name, c.Name, f))
		for i, v := range f.PicklistValues {
			picklists = append(picklists, own.Row{"object": o.Name, "field": f.Name,
				"position": strconv.Itoa(i + 1), "value": v.Value, "label": v.Label,
				"active": strconv.FormatBool(v.Active), "is_default": strconv.FormatBool(v.Default)})
		}
	}
	of := func(r own.Row) bool { return r["object"] == o.Name }
	ofField := func(r own.Row) bool { return of(r) && is[r["field"]] }
	return map[string]func([]own.Row) []own.Row{
		own.Objects: func(rows []own.Row) []own.Row {
			fresh := maps.Clone(object)
			fresh["described_at"] = now
			for _, old := range rows {
				if object["described_at"] = old["described_at"]; of(old) && maps.Equal(old, object) {
					return rows
				}
			}
			return append(slices.DeleteFunc(rows, of), fresh)
		},
		own.Fields: func(rows []own.Row) []own.Row {
			return append(slices.DeleteFunc(rows, ofField), fields...)
		},
		own.Picklists: func(rows []own.Row) []own.Row {
			return append(slices.DeleteFunc(rows, ofField), picklists...)
		},
	}
}

func describedField(object, column string, f schema.Field) own.Row {
	return own.Row{"object": object, "field": f.Name, "column_name": column, "label": f.Label, "type": string(f.Type),
		"length": strconv.Itoa(f.Length), "precision_digits": strconv.Itoa(f.Precision),
		"scale_digits": strconv.Itoa(f.Scale), "nillable": strconv.FormatBool(f.Nillable),
		"calculated": strconv.FormatBool(f.Calculated), "custom": strconv.FormatBool(f.Custom),
		"reference_to": strings.Join(f.ReferenceTo, ","), "relationship_name": f.RelationshipName}
}

// knownFields is what is remembered of the fields of an object.
func (s *site) knownFields(ctx context.Context, object string) ([]shape.Known, error) {
	t, err := s.found(ctx, s.beside(own.Fields))
	if err != nil || t == nil {
		return nil, err
	}
	var all []shape.Known
	for r, err := range own.Read(ctx, t, own.Is("object", object)) {
		if err != nil {
			return nil, err
		}
		number := func(column string) int {
			n, _ := strconv.Atoi(r[column])
			return n
		}
		all = append(all, shape.Known{Field: r["field"], Column: r["column_name"], Label: r["label"], Type: r["type"],
			Length: number("length"), Precision: number("precision_digits"), Scale: number("scale_digits"),
			Calculated: r["calculated"] == "true"})
	}
	slices.SortFunc(all, func(a, b shape.Known) int { return cmp.Compare(a.Field, b.Field) })
	return all, nil
}
