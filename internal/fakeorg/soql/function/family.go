// Package function knows the functions of SOQL: which there are, what may be
// their arguments, and what they make of values.
package function

import "strings"

// A Family is what functions have in common: where they may stand and what
// becomes of their argument.
type Family int

// The families of functions.
const (
	None      Family = iota
	Aggregate        // over the records of a group
	Date             // a part of a date or datetime
	Shown            // a field in another form: toLabel, FORMAT, convertCurrency
	Zone             // convertTimezone, only inside of a date function
	Distance         // between two places
	Place            // GEOLOCATION, only inside of DISTANCE
	Grouping         // GROUPING, of ROLLUP and CUBE
)

// Named gives the name of a function as it is printed, and its family; None
// where SOQL has no such function.
func Named(word string) (string, Family) {
	name := strings.ToUpper(word)
	switch name {
	case "COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX":
		return name, Aggregate
	case "CALENDAR_MONTH", "CALENDAR_QUARTER", "CALENDAR_YEAR", "FISCAL_MONTH", "FISCAL_QUARTER", "FISCAL_YEAR",
		"DAY_IN_MONTH", "DAY_IN_WEEK", "DAY_IN_YEAR", "DAY_ONLY", "HOUR_IN_DAY", "WEEK_IN_MONTH", "WEEK_IN_YEAR":
		return name, Date
	case "TOLABEL":
		return "toLabel", Shown
	case "CONVERTCURRENCY":
		return "convertCurrency", Shown
	case "FORMAT":
		return name, Shown
	case "CONVERTTIMEZONE":
		return "convertTimezone", Zone
	case "DISTANCE":
		return name, Distance
	case "GEOLOCATION":
		return name, Place
	case "GROUPING":
		return name, Grouping
	}
	return "", None
}

// Arguments is how many of them the functions of the family take.
func (f Family) Arguments() int {
	switch f {
	case Distance:
		return 3
	case Place:
		return 2
	}
	return 1
}

// Takes tells whether a function of the family inner may be an argument.
func (f Family) Takes(inner Family) bool {
	switch f {
	case Date:
		return inner == Zone
	case Shown: // FORMAT(convertCurrency(Amount)), FORMAT(MIN(CloseDate))
		return inner == Shown || inner == Aggregate
	case Distance:
		return inner == Place
	case Grouping:
		return inner == Date
	}
	return false
}
