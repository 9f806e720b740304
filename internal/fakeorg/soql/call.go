package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// A family is what functions have in common: where they may stand and what
// becomes of their argument.
type family int

const (
	familyNone      family = iota
	familyAggregate        // over the records of a group
	familyDate             // a part of a date or datetime
	familyShown            // a field in another form: toLabel, FORMAT, convertCurrency
	familyZone             // convertTimezone, only inside of a date function
	familyDistance         // between two places
	familyPlace            // GEOLOCATION, only inside of DISTANCE
	familyGrouping         // GROUPING, of ROLLUP and CUBE
)

// functionOf gives the name of a function as it is printed, and its family;
// familyNone where SOQL has no such function.
func functionOf(word string) (string, family) {
	name := strings.ToUpper(word)
	switch name {
	case "COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX":
		return name, familyAggregate
	case "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY",
		"FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR":
		return name, familyDate
	case "TOLABEL":
		return "toLabel", familyShown
	case "CONVERTCURRENCY":
		return "convertCurrency", familyShown
	case "FORMAT":
		return name, familyShown
	case "CONVERTTIMEZONE":
		return "convertTimezone", familyZone
	case "DISTANCE":
		return name, familyDistance
	case "GEOLOCATION":
		return name, familyPlace
	case "GROUPING":
		return name, familyGrouping
	}
	return "", familyNone
}

// family gives the family of the called function.
func (c Call) family() family {
	_, f := functionOf(c.Function)
	return f
}

// call reads a function with its arguments. Each takes one field, or a call
// that gives one; DISTANCE takes two places and a unit, GEOLOCATION two numbers.
func (p *parser) call() (Call, *refusal.Error) {
	t := p.take()
	function, family := functionOf(t.text)
	if family == familyNone {
		return Call{}, p.unexpected(t)
	}
	c := Call{Function: function, Pos: t.pos}
	if err := p.expectPunct("("); err != nil {
		return c, err
	}
	for {
		arg, err := p.argument(family, len(c.Args))
		if err != nil {
			return c, err
		}
		c.Args = append(c.Args, arg)
		if len(c.Args) == arguments(family) {
			return c, p.expectPunct(")")
		}
		if err := p.expectPunct(","); err != nil {
			return c, err
		}
	}
}

// arguments is how many of them the functions of a family take.
func arguments(f family) int {
	switch f {
	case familyDistance:
		return 3
	case familyPlace:
		return 2
	}
	return 1
}

func (p *parser) argument(of family, n int) (Expr, *refusal.Error) {
	t := p.peek()
	switch {
	case of == familyPlace:
		return p.literalOf(literal.Number)
	case of == familyDistance && n == 2:
		return p.literalOf(literal.String)
	case t.kind == tokenWord && p.after(1).punct("("):
		_, inner := functionOf(t.text)
		if !nests(of, inner) {
			return nil, p.unexpected(t)
		}
		return p.call()
	}
	return p.name()
}

// nests tells whether a function may be the argument of another.
func nests(outer, inner family) bool {
	switch outer {
	case familyDate:
		return inner == familyZone
	case familyShown: // FORMAT(convertCurrency(Amount)), FORMAT(MIN(CloseDate))
		return inner == familyShown || inner == familyAggregate
	case familyDistance:
		return inner == familyPlace
	case familyGrouping:
		return inner == familyDate
	}
	return false
}

// expr reads a name or a call.
func (p *parser) expr() (Expr, *refusal.Error) {
	if p.peek().kind == tokenWord && p.after(1).punct("(") {
		return p.call()
	}
	return p.name()
}
