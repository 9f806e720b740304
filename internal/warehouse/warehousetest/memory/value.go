package memory

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
)

// moment is how a moment is kept: UTC, so that texts have the order of moments.
const moment = "2006-01-02 15:04:05.000000-07"

var number = regexp.MustCompile(`^[+-]?\d+(\.\d*)?([eE][+-]?\d{1,3})?$`)

// take makes of a text, as people or pages write it, the one text that the value
// has here. The error doesn't hold it.
func (c column) take(text string) (string, error) {
	value, err := takes[c.kind](text)
	if err != nil {
		return "", fmt.Errorf("a value of column %s is no %s", c.name, c.kind)
	}
	return value, nil
}

// takes has a line for each kind.
var takes = map[shape.Kind]func(string) (string, error){
	shape.Text:    func(text string) (string, error) { return text, nil },
	shape.Bool:    boolean,
	shape.Int:     func(text string) (string, error) { return integer(text, 64) }, // it grows at once
	shape.Long:    func(text string) (string, error) { return integer(text, 64) },
	shape.Decimal: decimal,
	shape.Date:    func(text string) (string, error) { return clock(text, "2006-01-02", "2006-01-02") },
	shape.Time: func(text string) (string, error) {
		return clock(strings.TrimSuffix(text, "Z"), "15:04:05.999999", "15:04:05")
	},
	shape.Timestamp: func(text string) (string, error) {
		return clock(text, moment, "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05Z07")
	},
}

var errUnfit = errors.New("it doesn't fit")

func boolean(text string) (string, error) {
	if text != "true" && text != "false" {
		return "", errUnfit
	}
	return text, nil
}

func integer(text string, bits int) (string, error) {
	n, err := strconv.ParseInt(text, 10, bits)
	return strconv.FormatInt(n, 10), err
}

// decimal is exact: 1.5E0 and 1.50 are 1.5.
func decimal(text string) (string, error) {
	if !number.MatchString(text) {
		return "", errUnfit
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", errUnfit
	}
	digits, _ := r.FloatPrec()
	return r.FloatString(digits), nil
}

// clock reads a date or a time in one of some layouts.
func clock(text, as string, layouts ...string) (string, error) {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Microsecond).Format(as), nil
		}
	}
	return "", errUnfit
}

// show writes a value as people write it.
func (c column) show(value string) string {
	switch c.kind {
	case shape.Timestamp:
		second, fraction, _ := strings.Cut(strings.TrimSuffix(value, "+00"), ".")
		return strings.TrimSuffix(second+"."+strings.TrimRight(fraction, "0"), ".") + "+00"
	case shape.Decimal:
		r, _ := new(big.Rat).SetString(value)
		digits, _ := r.FloatPrec()
		return r.FloatString(max(digits, c.scale))
	}
	return value
}

// values are what a row is made of, before they are texts.
type values map[string]any

// row makes a row of values. A zero time is null.
func (v values) row() row {
	r := row{}
	for name, value := range v {
		if at, ok := value.(time.Time); ok {
			r.put(name, text(at))
		} else {
			r[name] = fmt.Sprint(value)
		}
	}
	return r
}

// text is how a moment is kept; the zero time is null.
func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Truncate(time.Microsecond).Format(moment)
}

// put sets a value that may be null, which "" stands for.
func (r row) put(name, value string) {
	delete(r, name)
	if value != "" {
		r[name] = value
	}
}

func (r row) int(name string) int64 {
	n, _ := strconv.ParseInt(r[name], 10, 64)
	return n
}

func (r row) time(name string) time.Time {
	t, err := time.Parse(moment, r[name])
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// same tells whether two rows have the same value, or both none, in a column.
func same(a, b row, name string) bool {
	x, inA := a[name]
	y, inB := b[name]
	return inA == inB && x == y
}
