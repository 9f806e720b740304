package duckdb

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/duckdb/duckdb-go/v2"

	"catchment/internal/warehouse/query"
)

// cell writes a value of a column of this type as DuckDB does.
func cell(value any, columnType string) query.Cell {
	switch v := value.(type) {
	case nil:
		return query.Cell{}
	case bool:
		return query.Cell{Text: strconv.FormatBool(v), Kind: query.Truth}
	case int8, int16, int32, int64, uint8, uint16, uint32, uint64, *big.Int:
		return query.Numeric(fmt.Sprint(v))
	case float32:
		return query.Numeric(float(float64(v), 32))
	case float64:
		return query.Numeric(float(v, 64))
	case duckdb.Decimal:
		return query.Numeric(decimal(v))
	}
	return query.Cell{Text: word(value, columnType), Kind: query.Word}
}

// word writes what is neither a number nor a truth value.
func word(value any, columnType string) string {
	switch v := value.(type) {
	case string:
		return v
	case []byte:
		if id := duckdb.UUID(make([]byte, 16)); columnType == "UUID" && len(v) == len(id) {
			copy(id[:], v)
			return id.String()
		}
		return `\x` + hex.EncodeToString(v)
	case time.Time:
		return moment(v, columnType)
	case duckdb.Interval:
		return interval(v)
	}
	text, err := json.Marshal(plain(value)) // lists and the like
	if err != nil {
		return "a value of type " + columnType
	}
	return string(text)
}

// moment writes a date or a time.
func moment(t time.Time, columnType string) string {
	switch {
	case columnType == "DATE":
		return t.Format(time.DateOnly)
	case columnType == "TIME":
		return t.Format("15:04:05.999999")
	case columnType == "TIMETZ":
		return t.Format("15:04:05.999999-07")
	case columnType == "TIMESTAMPTZ":
		return t.UTC().Format("2006-01-02 15:04:05.999999-07")
	}
	return t.Format("2006-01-02 15:04:05.999999999")
}

// interval writes months, days and a time, as far as there are any.
func interval(i duckdb.Interval) string {
	var parts []string
	for _, p := range []struct {
		n    int32
		unit string
	}{{i.Months / 12, "year"}, {i.Months % 12, "month"}, {i.Days, "day"}} {
		if p.n == 1 || p.n == -1 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.unit))
		} else if p.n != 0 {
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.unit))
		}
	}
	if i.Micros != 0 || len(parts) == 0 {
		sign, micros := "", big.NewInt(i.Micros)
		if i.Micros < 0 {
			sign = "-"
		}
		d := micros.Abs(micros).Uint64()
		text := fmt.Sprintf("%s%02d:%02d:%02d", sign, d/3_600_000_000, d/60_000_000%60, d/1_000_000%60)
		if rest := d % 1_000_000; rest != 0 {
			text += strings.TrimRight(fmt.Sprintf(".%06d", rest), "0")
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

// float writes what the bits hold, in as few digits as tell them.
func float(v float64, bits int) string {
	if a := math.Abs(v); a != 0 && (a < 1e-5 || a >= 1e15) {
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

// decimal writes all digits of a decimal, those behind the point too.
func decimal(d duckdb.Decimal) string {
	digits, sign := new(big.Int).Abs(d.Value).String(), ""
	if d.Value.Sign() < 0 {
		sign = "-"
	}
	if d.Scale == 0 {
		return sign + digits
	}
	if short := int(d.Scale) + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - int(d.Scale)
	return sign + digits[:point] + "." + digits[point:]
}

// plain is a nested value as JSON has it: what is in it is written as it would be alone.
func plain(value any) any {
	switch v := value.(type) {
	case nil, bool, string, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return v
	case []any:
		all := make([]any, len(v))
		for i, one := range v {
			all[i] = plain(one)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		for name, one := range v {
			all[name] = plain(one)
		}
		return all
	case duckdb.OrderedMap:
		pairs := make([]any, 0, v.Len())
		for _, key := range v.Keys() {
			one, _ := v.Get(key)
			pairs = append(pairs, map[string]any{"key": plain(key), "value": plain(one)})
		}
		return pairs
	case duckdb.Union:
		return plain(v.Value)
	}
	switch c := cell(value, ""); c.Kind {
	case query.Number:
		return json.RawMessage(c.Text)
	default:
		return c.Text
	}
}
