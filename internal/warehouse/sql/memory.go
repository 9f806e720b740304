package sql

import (
	"context"
	"strconv"
	"strings"

	"catchment/internal/warehouse/sql/dialect"
)

// frugalMemory is what a warehouse inside this process may take for a
// comparison, where it hasn't less anyway. It writes the rest to disk.
const (
	frugalMemory = "400MB"
	frugalBytes  = 400e6
)

// frugally does f with little memory where the warehouse is inside this
// process: it would keep whole tables there, since it takes four fifths of the
// machine's for its own.
func (w *asker) frugally(ctx context.Context, tx Tx, f func() error) (err error) {
	if w.d.Memory == "" {
		return f()
	}
	var before string
	if _, err := queryRow(ctx, tx, []any{&before}, "SELECT current_setting("+dialect.Literal(w.d.Memory)+
		")"); err != nil {
		return err
	}
	if n, known := bytesOf(before); known && n <= frugalBytes { // whoever gives it less has a reason
		return f()
	}
	if _, err := tx.Exec(ctx, "SET "+w.d.Memory+" = "+dialect.Literal(frugalMemory)); err != nil {
		return err
	}
	defer func() {
		// After a failure the transaction takes no more statements; the setting
		// then goes with the idle file.
		_, undo := tx.Exec(context.WithoutCancel(ctx), "SET "+w.d.Memory+" = "+dialect.Literal(before))
		if err == nil {
			err = undo
		}
	}()
	return f()
}

// bytesOf reads an amount of memory as a warehouse writes it: 95.3 MiB.
func bytesOf(amount string) (n float64, known bool) {
	number, unit, _ := strings.Cut(amount, " ")
	n, err := strconv.ParseFloat(number, 64)
	factor, known := map[string]float64{
		"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	}[unit]
	return n * factor, known && err == nil
}
