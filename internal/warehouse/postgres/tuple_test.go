package postgres_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"catchment/internal/warehouse/postgres/tuple"
)

// A typed value says what Salesforce writes for a type, and by which function PostgreSQL sends it.
type typed struct {
	name, sent string
	value      func(*rand.Rand) string
}

func allTyped() []typed {
	digits := func(r *rand.Rand, most int) string {
		var b strings.Builder
		for range 1 + r.IntN(most) {
			b.WriteByte("0000123456789"[r.IntN(13)])
		}
		return b.String()
	}
	sign := func(r *rand.Rand) string { return []string{"", "-"}[r.IntN(2)] }
	moment := func(r *rand.Rand) time.Time {
		first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
		if r.IntN(2) == 0 {
			first = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
			last = time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.UnixMilli(first.UnixMilli() + r.Int64N(last.UnixMilli()-first.UnixMilli())).UTC()
	}
	return []typed{
		{"TEXT", "textsend", func(r *rand.Rand) string {
			return []string{"x", `"`, "a,b\r\n\"c\"", "ü😀\u2028", " ", `\.`, "\n\\.\n", "NULL", "\x01"}[r.IntN(9)]
		}},
		{"BOOLEAN", "boolsend", func(r *rand.Rand) string { return []string{"true", "false"}[r.IntN(2)] }},
		{"INTEGER", "int4send", func(r *rand.Rand) string { return fmt.Sprint(int32(r.Uint32()) >> r.IntN(31)) }},
		{"BIGINT", "int8send", func(r *rand.Rand) string { return sign(r) + digits(r, 18) }},
		{"NUMERIC", "numeric_send", func(r *rand.Rand) string {
			text := sign(r) + digits(r, 20)
			if r.IntN(2) == 0 {
				text += "." + digits(r, 20)
			}
			if r.IntN(3) == 0 {
				text += []string{"E", "e", "E-", "E+"}[r.IntN(4)] + digits(r, 2)
			}
			return text
		}},
		{"DATE", "date_send", func(r *rand.Rand) string { return moment(r).Format("2006-01-02") }},
		{"TIME", "time_send", func(r *rand.Rand) string { return moment(r).Format("15:04:05.000Z") }},
		{"TIMESTAMPTZ", "timestamptz_send", func(r *rand.Rand) string {
			return moment(r).Format([]string{"2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05.000+0000",
				"2006-01-02T15:04:05Z"}[r.IntN(3)])
		}},
	}
}

// What a value becomes as a tuple is what PostgreSQL makes of its text. What Salesforce writes becomes one;
// a value that is damaged does so only where PostgreSQL reads it in the same way.
func TestTupleIsWhatPostgreSQLReads(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, cluster.Database(t))
	must(t, err)
	defer func() { must(t, conn.Close(context.WithoutCancel(ctx))) }()
	_, err = conn.Exec(ctx, "SET timezone = 'UTC'; SET datestyle = 'ISO'")
	must(t, err)
	for _, typ := range allTyped() {
		_, err := conn.Exec(ctx, fmt.Sprintf(`CREATE FUNCTION reads_%s(value text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN encode(%s(CAST(value AS %s)), 'hex');
EXCEPTION WHEN data_exception THEN
	RETURN 'refused';
END $$`, typ.name, typ.sent, typ.name))
		must(t, err)
		var values []string
		var genuine int
		for genuine < 2000 {
			values = append(values, typ.value(r))
			genuine++
		}
		for _, value := range values[:genuine] {
			values = append(values, damaged(r, value))
		}
		rows, err := conn.Query(ctx, "SELECT reads_"+typ.name+"(value) FROM unnest($1::text[]) value", values)
		must(t, err)
		want, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		for i, value := range values {
			got, err := tupleOf(typ.name, value)
			switch {
			case errors.Is(err, tuple.ErrOtherForm) && i >= genuine:
				continue
			case err != nil || got != want[i]:
				t.Fatalf("%s %q is %s, %v as a tuple; PostgreSQL reads %s", typ.name, value, got, err, want[i])
			}
		}
	}
}

// damaged is a text with something else in one place.
func damaged(r *rand.Rand, text string) string {
	at := r.IntN(len(text) + 1)
	with := []string{"", "0", "9", "-", "+", ".", ":", "Z", "T", "e", " ", "a", "00"}[r.IntN(13)]
	changed := text[:at] + with + text[min(at+r.IntN(2), len(text)):]
	if changed == "" || !utf8.ValidString(changed) {
		return text
	}
	return changed
}

// tupleOf is a page of one value as a tuple, without what is the same in each.
func tupleOf(typ, value string) (string, error) {
	var page bytes.Buffer
	page.WriteString("Value\n" + `"` + strings.ReplaceAll(value, `"`, `""`) + "\"\n")
	all, err := io.ReadAll(tuple.New(&page, []string{typ}))
	if err != nil {
		return "", err
	}
	const before, after = 19 + 2 + 4, 2 // the signature, the number of columns, the length; the end
	return hex.EncodeToString(all[before : len(all)-after]), nil
}
