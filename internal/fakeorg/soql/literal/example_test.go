package literal_test

import (
	"fmt"
	"time"

	"catchment/internal/fakeorg/soql/literal"
)

// What a statement writes is read into one text for each value, and a relative
// date into days.
func Example() {
	number, _ := literal.ReadNumber("2026-05-20T10:00:00+02:00")
	fmt.Println(number.Kind, number)
	text, illegal := literal.Unquote(`'It\'s \q'`, false)
	fmt.Printf("%q %q\n", text, illegal)
	days, counted, _ := literal.ReadWord("last_n_days")
	days.N = 7
	from, to := days.Span().Days(time.Date(2026, 5, 20, 13, 0, 0, 0, time.UTC))
	fmt.Println(days, counted, from.Format(literal.DayLayout), to.Format(literal.DayLayout))
	// Output:
	// datetime 2026-05-20T08:00:00.000Z
	// "" "\\q"
	// LAST_N_DAYS:7 true 2026-05-13 2026-05-21
}
