package function

import (
	"strconv"
	"time"
)

// PartOf gives what a date function says of a moment. Weeks of a month and of
// a year begin with their first day, weeks as such with Sunday; a fiscal year
// is the calendar's.
func PartOf(t time.Time, function string) string {
	month := int(t.Month())
	n := 0
	switch function {
	case "CALENDAR_YEAR", "FISCAL_YEAR":
		n = t.Year()
	case "CALENDAR_QUARTER", "FISCAL_QUARTER":
		n = (month-1)/3 + 1
	case "CALENDAR_MONTH", "FISCAL_MONTH":
		n = month
	case "DAY_IN_MONTH":
		n = t.Day()
	case "DAY_IN_WEEK":
		n = int(t.Weekday()) + 1
	case "DAY_IN_YEAR":
		n = t.YearDay()
	case "HOUR_IN_DAY":
		n = t.Hour()
	case "WEEK_IN_MONTH":
		n = (t.Day()-1)/7 + 1
	case "WEEK_IN_YEAR":
		n = (t.YearDay()-1)/7 + 1
	case "DAY_ONLY":
		return t.Format(time.DateOnly)
	}
	return strconv.Itoa(n)
}
