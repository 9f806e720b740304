package shape

import (
	"slices"

	"catchment/internal/schema"
)

// A Kind is a column's type, before a Dialect gives it a name.
type Kind string

// The kinds of column.
const (
	Text      Kind = "text"
	Bool      Kind = "bool"
	Int       Kind = "int"
	Long      Kind = "long"
	Decimal   Kind = "decimal" // with Scale; widened, never rounded
	Date      Kind = "date"
	Time      Kind = "time"
	Timestamp Kind = "timestamp" // with time zone, UTC
)

// kindTraits is what holds for a kind of column in every warehouse.
type kindTraits struct {
	Kind     Kind
	Of       []schema.Type // the field types whose values it takes
	Measured bool          // a number, whose digits are measured in each page: none may be rounded
	Whole    bool          // a number without a fraction
}

// Kinds is the table of them. A new kind is a line here, and one in the Types of
// each Dialect. Of numbers, each has room for those above it.
func Kinds() []kindTraits {
	return []kindTraits{
		{Kind: Text},
		{Kind: Bool, Of: []schema.Type{schema.Boolean}},
		{Kind: Int, Of: []schema.Type{schema.Int}, Measured: true, Whole: true},
		{Kind: Long, Of: []schema.Type{schema.Long}, Measured: true, Whole: true},
		{Kind: Decimal, Of: []schema.Type{schema.Double, schema.Currency, schema.Percent}, Measured: true},
		{Kind: Date, Of: []schema.Type{schema.Date}},
		{Kind: Time, Of: []schema.Type{schema.Time}},
		{Kind: Timestamp, Of: []schema.Type{schema.DateTime}},
	}
}

// traits finds the line of a kind, and tells whether there is one.
func (k Kind) traits() (kindTraits, bool) {
	all := Kinds()
	i := slices.IndexFunc(all, func(t kindTraits) bool { return t.Kind == k })
	if i < 0 {
		return kindTraits{}, false
	}
	return all[i], true
}

// Known tells whether there is such a kind.
func (k Kind) Known() bool {
	_, ok := k.traits()
	return ok
}

// Measured tells whether the digits of such a column are measured in each page.
func (k Kind) Measured() bool {
	t, _ := k.traits()
	return t.Measured
}

// Whole tells whether such a column holds whole numbers.
func (k Kind) Whole() bool {
	t, _ := k.traits()
	return t.Whole
}

// kindOf is the kind of column that takes values of a field type. What has no
// kind of its own is kept as the text that came.
func kindOf(t schema.Type) Kind {
	for _, traits := range Kinds() {
		if slices.Contains(traits.Of, t) {
			return traits.Kind
		}
	}
	return Text
}

// Numbers is the kinds of numbers: each has room for those before it.
func Numbers() []Kind {
	var all []Kind
	for _, t := range Kinds() {
		if t.Measured {
			all = append(all, t.Kind)
		}
	}
	return all
}
