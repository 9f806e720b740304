package columns

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// How moments are written as people read them. A fraction is there where there is one.
const (
	momentText = "2006-01-02 15:04:05.999999-07"
	dayText    = "2006-01-02"
	clockText  = "15:04:05.999999"
)

// Text writes a value as people do, and tells whether there is one: it may be null.
func Text(values arrow.Array, i int) (string, bool) {
	if values.IsNull(i) {
		return "", false
	}
	switch v := values.(type) {
	case *array.String:
		return v.Value(i), true
	case *array.LargeString:
		return v.Value(i), true
	case *array.Boolean:
		return strconv.FormatBool(v.Value(i)), true
	case *array.Int32:
		return strconv.FormatInt(int64(v.Value(i)), 10), true
	case *array.Int64:
		return strconv.FormatInt(v.Value(i), 10), true
	case *array.Decimal128:
		return v.Value(i).ToString(v.DataType().(*arrow.Decimal128Type).Scale), true
	case *array.Date32:
		return v.Value(i).ToTime().Format(dayText), true
	case *array.Time64:
		return v.Value(i).ToTime(arrow.Microsecond).Format(clockText), true
	case *array.Timestamp:
		return Moment(time.UnixMicro(int64(v.Value(i)))), true
	}
	return values.ValueStr(i), true
}

// Moment writes a moment.
func Moment(t time.Time) string { return t.UTC().Format(momentText) }

// ParseMoment reads a moment as Moment writes it; the zero time where the text is empty.
func ParseMoment(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(momentText, text)
	if err != nil {
		return t, fmt.Errorf("a moment is written as %s", momentText)
	}
	return t.UTC(), nil
}

// AppendText adds a value to a column that is being built, as Text writes it. The error doesn't hold it.
func AppendText(to array.Builder, text string) (err error) {
	switch b := to.(type) {
	case *array.StringBuilder:
		b.Append(text)
	case *array.LargeStringBuilder:
		b.Append(text)
	case *array.BooleanBuilder:
		var is bool
		if is, err = strconv.ParseBool(text); err == nil {
			b.Append(is)
		}
	case *array.Int32Builder:
		var n int64
		if n, err = strconv.ParseInt(text, 10, 32); err == nil {
			b.Append(int32(n))
		}
	case *array.Int64Builder:
		var n int64
		if n, err = strconv.ParseInt(text, 10, 64); err == nil {
			b.Append(n)
		}
	case *array.Decimal128Builder:
		var n decimal128.Num
		if n, err = decimal(text, b.Type().(*arrow.Decimal128Type).Scale); err == nil {
			b.Append(n)
		}
	default:
		return appendTime(to, text)
	}
	if err != nil {
		return fmt.Errorf("a value is no %s", to.Type())
	}
	return nil
}

// appendTime adds a day, a time of day or a moment.
func appendTime(to array.Builder, text string) error {
	layouts := map[arrow.Type]string{arrow.DATE32: dayText, arrow.TIME64: clockText, arrow.TIMESTAMP: momentText}
	layout, known := layouts[to.Type().ID()]
	if !known {
		return fmt.Errorf("a column is of type %s", to.Type())
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return fmt.Errorf("a value isn't written as %s", layout)
	}
	switch b := to.(type) {
	case *array.Date32Builder:
		b.Append(arrow.Date32FromTime(t))
	case *array.Time64Builder:
		b.Append(arrow.Time64(t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)) / time.Microsecond))
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(t.UnixMicro()))
	}
	return nil
}

// decimal reads a number of a scale without rounding it.
func decimal(text string, scale int32) (decimal128.Num, error) {
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > int(scale) {
		return decimal128.Num{}, fmt.Errorf("more than %d digits behind the point", scale)
	}
	return decimal128.FromString(whole+"."+fraction+strings.Repeat("0", int(scale)-len(fraction)), digits, scale)
}
