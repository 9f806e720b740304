package soql

// A Query is a parsed statement. Names are as they were typed; Bind gives
// them their meaning.
type Query struct {
	Select  []Item
	From    Source
	Scope   string    // USING SCOPE, in lower case; "" where absent
	Where   Condition // nil where absent
	With    string    // SECURITY_ENFORCED, USER_MODE or SYSTEM_MODE; "" where absent
	OrderBy []Order
	Limit   int // -1 where absent
	Offset  int // -1 where absent
	AllRows bool
	For     []string // VIEW, REFERENCE, UPDATE
	Update  []string // TRACKING, VIEWSTAT

	text string // the statement, for the context of a refusal
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

// An Item is one entry of the select list: a FieldItem, a CountItem or a
// FieldsItem. Aggregates, child queries and TYPEOF would be further ones.
type Item interface{ item() }

// A FieldItem asks for one field.
type FieldItem struct{ Name Name }

// A CountItem is COUNT().
type CountItem struct{ Pos int }

// A FieldsItem is FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM).
type FieldsItem struct {
	Group string // ALL, STANDARD or CUSTOM
	Pos   int
}

func (FieldItem) item()  {}
func (CountItem) item()  {}
func (FieldsItem) item() {}

// A Condition is a node of the WHERE clause: an And, Or, Not or Comparison.
type Condition interface{ condition() }

// An And is true where all its terms are; it has two or more.
type And struct{ Terms []Condition }

// An Or is true where one of its terms is; it has two or more.
type Or struct{ Terms []Condition }

// A Not is true where its term is not.
type Not struct{ Term Condition }

// A Comparison holds one field against one literal, or a list of them.
type Comparison struct {
	Field  Name
	Op     Op
	Values []Literal // one, except for IN, NOT IN, INCLUDES and EXCLUDES
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

// A LiteralKind says what a literal is.
type LiteralKind string

// The kinds of literals.
const (
	String   LiteralKind = "string"
	Pattern  LiteralKind = "pattern" // the right side of LIKE: % _ are wildcards, \ takes the meaning of the next character
	Number   LiteralKind = "number"
	Currency LiteralKind = "currency" // USD500
	Boolean  LiteralKind = "boolean"
	Null     LiteralKind = "null"
	Date     LiteralKind = "date"
	DateTime LiteralKind = "datetime"
	Time     LiteralKind = "time"
	Relative LiteralKind = "relative" // TODAY, LAST_N_DAYS:7
)

// A Literal is a value as the statement gives it.
type Literal struct {
	Kind LiteralKind
	Text string // decoded: a string without quotes and escapes, a datetime in UTC with milliseconds, a keyword in upper case
	N    int    // the number after the colon of a Relative, -1 where it takes none
	Pos  int
}

// An Order is one entry of ORDER BY.
type Order struct {
	Field Name
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
