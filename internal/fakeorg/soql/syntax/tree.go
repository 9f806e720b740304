package syntax

import (
	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// A Query is a parsed statement. Names are as they were typed: binding gives
// them their meaning.
type Query struct {
	Select     []Item
	From       Source
	Parents    []Source  // the further entries of FROM: c.Account a, which gives a relationship an alias
	Scope      string    // USING SCOPE, in lower case; "" where absent
	Where      Condition // nil where absent
	With       string    // SECURITY_ENFORCED, USER_MODE or SYSTEM_MODE; "" where absent
	Categories []Category
	GroupBy    []Expr
	Subtotals  string    // ROLLUP or CUBE, around GroupBy; "" where absent
	Having     Condition // nil where absent
	OrderBy    []Order
	Limit      int // -1 where absent
	Offset     int // -1 where absent
	AllRows    bool
	For        []string // VIEW, REFERENCE, UPDATE
	Update     []string // TRACKING, VIEWSTAT

	text string // the whole statement, for the context of a refusal
}

// Refuse makes a refusal that points at the byte pos of the statement.
func (q *Query) Refuse(pos int, code, format string, args ...any) *refusal.Error {
	return refusal.At(q.text, pos, code, format, args...)
}

// Grouped tells whether a statement answers groups rather than records.
func (q *Query) Grouped() bool {
	if len(q.GroupBy) > 0 {
		return true
	}
	for _, item := range q.Select {
		if c, ok := item.(CallItem); ok && c.Call.Aggregates() {
			return true
		}
	}
	return false
}

// A Source is the object that a statement reads.
type Source struct {
	Name  Name
	Alias string // "" where absent
}

// A Name is a dotted name: Id, a.Name, Owner.Profile.Name.
type Name struct {
	Parts []string
	Pos   int // byte offset in the statement
}

// Position implements Expr.
func (n Name) Position() int { return n.Pos }

// An Expr is what a statement computes with: a Name, a Call, or a literal as
// the argument of a Call.
type Expr interface {
	// String prints the expression as SOQL.
	String() string
	// Position gives where it stands: its byte offset in the statement.
	Position() int
}

// A Call is a function with its arguments: SUM(Amount), toLabel(Status).
type Call struct {
	Function string // as it is printed: SUM, toLabel
	Args     []Expr
	Pos      int
}

// Family gives the family of the called function.
func (c Call) Family() function.Family {
	_, f := function.Named(c.Function)
	return f
}

// Aggregates tells whether a call, or one in it, is over a group.
func (c Call) Aggregates() bool {
	if f := c.Family(); f == function.Aggregate || f == function.Grouping {
		return true
	}
	inner, ok := c.Args[0].(Call)
	return ok && inner.Aggregates()
}

// Position implements Expr.
func (c Call) Position() int { return c.Pos }

// An Item is one entry of the select list: a FieldItem, a CallItem, a
// CountItem, a FieldsItem, a QueryItem or a TypeofItem.
type Item interface{ item() }

// A FieldItem asks for one field. The alias is "" where absent; only grouped
// statements may have it.
type FieldItem struct {
	Name  Name
	Alias string

	aliasPos int
}

// AliasPosition gives where the alias stands.
func (f FieldItem) AliasPosition() int { return f.aliasPos }

// A CallItem asks for the result of a function.
type CallItem struct {
	Call  Call
	Alias string // "" where absent
}

// A QueryItem is a query over the children of each record; its FROM is the
// name of the relationship.
type QueryItem struct {
	Query *Query
	Pos   int
}

// A TypeofItem asks for fields that depend on the object that a polymorphic
// relationship leads to.
type TypeofItem struct {
	Relationship Name
	Cases        []TypeofCase
	Else         []Name // nil where absent
}

// A TypeofCase is WHEN and THEN.
type TypeofCase struct {
	Object string
	Fields []Name
	Pos    int
}

// A CountItem is COUNT().
type CountItem struct{ Pos int }

// A FieldsItem is FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM).
type FieldsItem struct {
	Group string // ALL, STANDARD or CUSTOM
	Pos   int
}

func (FieldItem) item()  {}
func (CallItem) item()   {}
func (CountItem) item()  {}
func (FieldsItem) item() {}
func (QueryItem) item()  {}
func (TypeofItem) item() {}

// A Category is one term of WITH DATA CATEGORY: Geography__c ABOVE usa__c.
type Category struct {
	Group    string
	Selector string // AT, ABOVE, BELOW or ABOVE_OR_BELOW
	Names    []string
	Pos      int
}

// A Condition is a node of WHERE or HAVING: an And, Or, Not or Comparison.
type Condition interface{ condition() }

// An And is true where all its terms are; it has two or more.
type And struct{ Terms []Condition }

// An Or is true where one of its terms is; it has two or more.
type Or struct{ Terms []Condition }

// A Not is true where its term is not.
type Not struct{ Term Condition }

// A Comparison holds what stands left against one literal, a list of them, or
// what another query answers (a semi-join).
type Comparison struct {
	Left   Expr
	Op     Op
	Values []literal.Literal // one, except for IN, NOT IN, INCLUDES and EXCLUDES
	Query  *Query            // nil but for IN and NOT IN, which then have no Values
}

func (And) condition()        {}
func (Or) condition()         {}
func (Not) condition()        {}
func (Comparison) condition() {}

// An Op is a comparison operator, as it is printed.
type Op string

// The comparison operators; <> is read as !=.
const (
	Equal          Op = "="
	NotEqual       Op = "!="
	Less           Op = "<"
	LessOrEqual    Op = "<="
	Greater        Op = ">"
	GreaterOrEqual Op = ">="
	Like           Op = "LIKE"
	In             Op = "IN"
	NotIn          Op = "NOT IN"
	Includes       Op = "INCLUDES"
	Excludes       Op = "EXCLUDES"
)

// An Order is one entry of ORDER BY.
type Order struct {
	By    Expr
	Desc  bool
	Nulls Nulls
}

// Nulls says where empty values go in an ordering.
type Nulls string

// Where empty values go. The guide: first, unless asked, for ASC and for DESC.
const (
	NullsDefault Nulls = ""
	NullsFirst   Nulls = "FIRST"
	NullsLast    Nulls = "LAST"
)
