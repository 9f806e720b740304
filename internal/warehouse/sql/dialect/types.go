package dialect

import (
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// A ColumnType is the type that a dialect has for a kind of column.
type ColumnType struct {
	Kind   shape.Kind
	Name   string // "%d" takes the scale of a Decimal, and the bytes of a Text
	Stored string // the same as information_schema spells it
	Load   string // SQL that makes it of a {text} of a page, as a {type}; "" where the loader does that by itself
	Width  int    // bytes of a row that a value takes at most, 0 where nobody counts
	Room   int    // the characters that such a text has at most, 0 where nobody says
}

// CastLoad is the Load of what CAST understands.
const CastLoad = "CAST({text} AS {type})"

// Of is the dialect's type for a kind.
func (d *Dialect) Of(k shape.Kind) ColumnType {
	i := slices.IndexFunc(d.Types, func(t ColumnType) bool { return t.Kind == k })
	if i < 0 {
		return ColumnType{Kind: k}
	}
	return d.Types[i]
}

// Loaded is what a loader writes into a column of a type, out of a page's text.
func (d *Dialect) Loaded(k shape.Kind, text, typ string) string {
	if load := d.Of(k).Load; load != "" {
		return Convert(load, text, typ)
	}
	return text
}

// Convert writes the text, and the type where it is named, into a Load or an Adopt.
func Convert(expression, text, typ string) string {
	values := Holes{"text": text}
	if strings.Contains(expression, "{type}") {
		values["type"] = typ
	}
	return Fill(expression, values)
}
