package duckdb

import (
	stdsql "database/sql"
	"fmt"
	"testing"

	"catchment/internal/warehouse/shape"

	"pgregory.net/rapid"
)

// Whatever the room takes, DuckDB takes: a load that it refuses tells no record.
func TestRoom(t *testing.T) {
	t.Parallel()
	db, err := stdsql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := Dialect()
	kinds := []shape.Kind{shape.Bool, shape.Date, shape.Time, shape.Timestamp}
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		text := nearly(t, kind)
		if !d.Room.Takes(kind)([]byte(text)) {
			return
		}
		var taken bool
		query := fmt.Sprintf("SELECT TRY_CAST($1 AS %s) IS NOT NULL", d.Type(kind, 0))
		if err := db.QueryRow(query, text).Scan(&taken); err != nil || !taken {
			t.Fatalf("%s %q: %v, %v", kind, text, taken, err)
		}
	})
}

// nearly draws a text that looks like a value of a kind, and often isn't one.
func nearly(t *rapid.T, kind shape.Kind) string {
	one := func(of ...string) string { return rapid.SampledFrom(of).Draw(t, "part") }
	number := func(digits, most int) string {
		return fmt.Sprintf("%0*d", digits, rapid.IntRange(0, most).Draw(t, "number"))
	}
	day := func() string {
		year := one("", "", "", "-", "+") +
			one(number(4, 9999), number(5, 300_000), number(4, 5_900_000), "294246", "0000")
		return year + "-" + number(2, 13) + "-" + number(2, 32)
	}
	clock := func() string {
		return number(2, 24) + ":" + number(2, 60) + ":" + number(2, 60) + one("", ".000", ".999999", ".")
	}
	switch kind {
	case shape.Bool:
		return one("true", "false", "TRUE", "False", "1", "no", "on")
	case shape.Date:
		return day()
	case shape.Time:
		return clock() + one("", "Z", "+00")
	}
	return day() + one("T", "T", " ") + clock() + one("Z", "Z", "", "+0000", "-11:30", "+1400", "+14:59", "Z+00")
}
