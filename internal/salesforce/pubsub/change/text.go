package change

import (
	"math"
	"strconv"
	"strings"
	"time"

	"catchment/internal/schema"
)

// digitsHeld are the significant digits that a double holds, whatever they are.
const digitsHeld = 15

// textOf is the canonical text of a value of an event, or why it has none.
func textOf(v any, f schema.Field) (string, Why) {
	switch f.Type {
	case schema.Date, schema.DateTime, schema.Time:
		ms, ok := v.(int64)
		if !ok {
			return "", Mismatch
		}
		return momentOf(ms, f.Type)
	case schema.Boolean:
		if is, ok := v.(bool); ok {
			return strconv.FormatBool(is), ""
		}
		return "", Mismatch
	case schema.Base64, schema.Address, schema.Location:
		return "", Mismatch
	}
	if f.Type.Number() {
		return numberOf(v, f)
	}
	if text, ok := v.(string); ok {
		return text, ""
	}
	return "", Mismatch
}

// momentOf is the text of a date, a date and time, or a time of day, all of which come in milliseconds.
func momentOf(ms int64, t schema.Type) (string, Why) {
	const day = 24 * time.Hour
	at := time.UnixMilli(ms).UTC()
	switch {
	case t == schema.Time && (ms < 0 || ms >= day.Milliseconds()),
		at.Year() < 1 || at.Year() > 9999,
		t == schema.Date && !at.Equal(at.Truncate(day)):
		return "", Unclear
	case t == schema.Time:
		return at.Format("15:04:05.000Z"), ""
	case t == schema.Date:
		return at.Format(time.DateOnly), ""
	}
	return at.Format("2006-01-02T15:04:05.000Z"), ""
}

// numberOf is the text of a number.
func numberOf(v any, f schema.Field) (string, Why) {
	whole, isWhole := int64(0), true
	switch n := v.(type) {
	case int32:
		whole = int64(n)
	case int64:
		whole = n
	case float64:
		if !f.Type.Decimal() { // Canonical makes whole numbers of those that are
			text, why := doubleOf(n, 0)
			return canonical(text, why, f.Type)
		}
		return doubleOf(n, f.Scale)
	default:
		isWhole = false
	}
	if !isWhole {
		return "", Mismatch
	}
	if f.Type.Decimal() {
		return strconv.FormatInt(whole, 10) + ".0", ""
	}
	return strconv.FormatInt(whole, 10), ""
}

func canonical(text string, why Why, t schema.Type) (string, Why) {
	if why != "" {
		return "", why
	}
	text, err := t.Canonical(text)
	if err != nil {
		return "", Mismatch
	}
	return text, ""
}

// doubleOf writes a double as Salesforce does, which is as Java does: 5.0, 1.2345678E7. Where its field has more
// digits than a double is sure to hold, those that came may not be those that were: 15 digits before
// and behind the point together are sure. Of a field with 15 behind it, as the coordinates of a place have them,
// no value would be: there, only those count that came.
func doubleOf(d float64, scale int) (string, Why) {
	switch size := math.Abs(d); {
	case math.IsNaN(d) || math.IsInf(d, 0):
		return "", Unclear
	case d == 0:
		return "0.0", ""
	case scale < digitsHeld && size >= math.Pow10(digitsHeld-max(scale, 0)):
		return "", Digits
	}
	text := strconv.FormatFloat(d, 'E', -1, 64) // -1.2345E+07
	mantissa, power, _ := strings.Cut(text, "E")
	sign := ""
	if rest, negative := strings.CutPrefix(mantissa, "-"); negative {
		sign, mantissa = "-", rest
	}
	if len(strings.Replace(mantissa, ".", "", 1)) > digitsHeld {
		return "", Digits
	}
	if size := math.Abs(d); size >= 1e-3 && size < 1e7 {
		text = strconv.FormatFloat(d, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
		return text, ""
	}
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	exponent, _ := strconv.Atoi(power) // FormatFloat wrote it
	return sign + mantissa + "E" + strconv.Itoa(exponent), ""
}
