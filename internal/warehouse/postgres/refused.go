package postgres

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/warehouse/refusals"
)

// copyPlace finds what COPY says of the place of a value. Behind it may stand the
// value.
var copyPlace = regexp.MustCompile(`^COPY .*?, line (\d+)(?:, column ([^:]+))?`)

// tooLong is the code of a row that doesn't fit into one block of a table.
const tooLong = "54000"

// reasons say in words what COPY refuses (PostgreSQL documentation, appendix A).
var reasons = map[string]string{
	"22001": "a text is too long",
	"22003": "a number is out of range",
	"22007": "a value is no date or time",
	"22008": "a date or time is out of range",
	"22009": "a date or time is none that can be read",
	"22021": "a text holds characters that the database can't store",
	"22P02": "a value is not of the column's type",
	"22P04": "a row is not as its header says",
	tooLong: "a row is too long for a page of PostgreSQL",
}

// refusedValue tells which value COPY has refused, nil where e is about something
// else. COPY counts lines as page.At does: those of the text that it was sent,
// line breaks within quotes included, up to where the record ends. Of a row that is
// too long it counts none: rows are written many at a time, and it tells where it
// was reading then.
func refusedValue(e *pgconn.PgError) *refusals.Value {
	place := copyPlace.FindStringSubmatch(e.Where)
	if place == nil || e.Code[:2] != "22" && e.Code != tooLong {
		return nil
	}
	why, known := reasons[e.Code]
	if !known {
		why = "a value was refused"
	}
	line, err := strconv.ParseInt(place[1], 10, 64)
	if err != nil || e.Code == tooLong {
		line = 0
	}
	return &refusals.Value{Line: line, Column: place[2], Why: fmt.Sprintf("%s (%s)", why, e.Code)}
}
