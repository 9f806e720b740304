package load

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// An Error is why a row wasn't loaded (Developer Guide, "Load error
// reference").
type Error struct {
	Code   int
	Reason string
	Column *Column
	Value  string
}

// A Column is one that COPY fills.
type Column struct {
	Name     string
	Kind     string // as pg_type calls it
	Length   int    // of a text, in bytes
	Digits   int
	Scale    int
	NotNull  bool
	Identity bool
}

// value turns a field into what the column takes; nil is NULL.
func (c *Command) value(t *Column, field string) (*string, *Error) {
	isText := t.Kind == "varchar" || t.Kind == "bpchar"
	blank := strings.TrimSpace(field) == ""
	switch {
	case field == c.null, isText && field == "" && c.emptyAsNull, isText && field != "" && blank && c.blanksAsNull,
		!isText && blank:
		if t.NotNull {
			return nil, &Error{Code: 1213, Reason: "Missing data for not-null field", Column: t}
		}
		return nil, nil
	case isText:
		return c.textValue(t, field)
	}
	v, e := c.typed(t, strings.TrimSpace(field))
	if e != nil {
		e.Column, e.Value = t, field
		return nil, e
	}
	return v, nil
}

// textValue checks encoding and length: Redshift counts bytes.
func (c *Command) textValue(t *Column, v string) (*string, *Error) {
	if !utf8.ValidString(v) {
		if !c.acceptInvalid || t.Kind == "bpchar" {
			return nil, &Error{
				Code: 1220, Column: t, Value: v,
				Reason: "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: " + badBytes(v),
			}
		}
		v = replaceInvalid(v, c.replacement)
	}
	if c.trimBlanks {
		v = strings.TrimRight(v, " ")
	}
	if len(v) <= t.Length {
		return &v, nil
	}
	if !c.cutLong {
		return nil, &Error{Code: 1204, Reason: "String length exceeds DDL length", Column: t, Value: v}
	}
	n := t.Length
	for n > 0 && !utf8.RuneStart(v[n]) {
		n--
	}
	v = v[:n]
	return &v, nil
}

func badBytes(v string) string {
	for i, r := range v {
		if r == utf8.RuneError {
			return fmt.Sprintf("%x (error 1)", v[i])
		}
	}
	return ""
}

// replaceInvalid puts as many replacements as there are bytes.
func replaceInvalid(v string, with byte) string {
	var b strings.Builder
	for len(v) > 0 {
		r, n := utf8.DecodeRuneInString(v)
		if r == utf8.RuneError && n == 1 {
			b.WriteByte(with)
		} else {
			b.WriteString(v[:n])
		}
		v = v[n:]
	}
	return b.String()
}

// typed checks a field that is no text.
func (c *Command) typed(t *Column, v string) (*string, *Error) {
	switch t.Kind {
	case "int2":
		return integer(v, 16, "Short")
	case "int4":
		return integer(v, 32, "Integer")
	case "int8":
		return integer(v, 64, "Long")
	case "numeric":
		return c.decimalValue(t, v)
	case "float4", "float8":
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return nil, &Error{Code: 1208, Reason: "Invalid digit, Value '" + v[:1] + "', Pos 0, Type: Double"}
		}
	case "bool":
		if !boolean.MatchString(v) {
			return nil, &Error{Code: 1210, Reason: "Unknown boolean format"}
		}
	case "date":
		return c.dateValue(v)
	case "timestamp", "timestamptz":
		return c.momentValue(t, v)
	case "time", "timetz":
		if !clock.MatchString(v) {
			return nil, &Error{Code: 1206, Reason: "Invalid time format or value [HH24:MI:SS]"}
		}
	case "jsonb":
		if !json.Valid([]byte(v)) {
			return nil, &Error{Code: 1224, Reason: "Invalid JSON format. Json syntax error"}
		}
	}
	return &v, nil
}

var (
	boolean   = regexp.MustCompile(`^(?i:t|true|y|yes|1|f|false|n|no|0)$`)
	clock     = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2}(\.\d{1,6})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?$`)
	digits    = regexp.MustCompile(`^[+-]?\d*(\.\d*)?$`)
	plainDate = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)
	// The default formats: YYYY-MM-DD HH:MI:SS, with an offset for TIMESTAMPTZ.
	plainMoment = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?( ?[+-]\d{2}(:?\d{2})?)?$`)
	// What 'auto' knows besides.
	isoMoment = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?` +
		` ?(Z|UTC|[+-]\d{2}(:?\d{2})?)?$`)
)

// invalidDigit is what is said of the i-th byte of v where it can't stand.
func invalidDigit(v string, i int, name string) *Error {
	reason := fmt.Sprintf("Invalid digit, Value '%s', Pos %d, Type: %s", v[i:i+1], i, name)
	return &Error{Code: 1207, Reason: reason}
}

func integer(v string, bits int, name string) (*string, *Error) {
	i := strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' })
	if i > 0 || i == 0 && v[0] != '-' && v[0] != '+' {
		return nil, invalidDigit(v, i, name)
	}
	if _, err := strconv.ParseInt(v, 10, bits); err != nil {
		return nil, &Error{Code: 1207, Reason: "Overflow, Value '" + v[:1] + "', Pos 0, Type: " + name}
	}
	return &v, nil
}

// decimalValue cuts digits behind the scale off, as COPY does without ROUNDEC.
func (c *Command) decimalValue(t *Column, v string) (*string, *Error) {
	if !digits.MatchString(v) {
		i := strings.IndexFunc(v, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' })
		i = max(i, 0)
		return nil, invalidDigit(v, i, "Decimal")
	}
	if _, behind, ok := strings.Cut(v, "."); ok && len(behind) > t.Scale && !c.roundDecimals {
		v = v[:len(v)-len(behind)+t.Scale]
	}
	r, ok := new(big.Rat).SetString(strings.TrimSuffix(v, "."))
	if !ok {
		return nil, &Error{Code: 1209, Reason: "Invalid value for DECIMAL"}
	}
	most := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Digits-t.Scale)), nil))
	if r.Abs(r).Cmp(most) >= 0 {
		return nil, &Error{Code: 1207, Reason: fmt.Sprintf("Overflow for NUMERIC(%d,%d)", t.Digits, t.Scale)}
	}
	v = strings.TrimSuffix(v, ".")
	return &v, nil
}

func (c *Command) dateValue(v string) (*string, *Error) {
	if c.date != "" && c.date != "auto" && c.date != "YYYY-MM-DD" {
		return nil, &Error{Code: 1205, Reason: "the stand-in knows DATEFORMAT 'auto' and 'YYYY-MM-DD'"}
	}
	if plainDate.MatchString(v) {
		if _, err := time.Parse(time.DateOnly, v[:10]); err == nil && (len(v) == 10 || v[10] == ' ' || v[10] == 'T') {
			v = v[:10]
			return &v, nil
		}
	}
	if c.acceptAnyDate {
		return nil, nil
	}
	return nil, &Error{Code: 1205, Reason: "Invalid Date Format - length must be 10 or more"}
}

// momentValue takes the default format, and ISO 8601 with TIMEFORMAT 'auto'.
func (c *Command) momentValue(t *Column, v string) (*string, *Error) {
	ok, format := false, "YYYY-MM-DD HH24:MI:SS"
	if t.Kind == "timestamptz" {
		format += "OF"
	}
	switch c.time {
	case "":
		ok = plainMoment.MatchString(v)
	case "auto":
		ok = isoMoment.MatchString(v)
	case "epochsecs", "epochmillisecs":
		return epoch(c.time, v)
	default:
		return nil, &Error{Code: 1206, Reason: "the stand-in knows TIMEFORMAT 'auto', 'epochsecs' and 'epochmillisecs'"}
	}
	if ok {
		if _, err := time.Parse(time.DateOnly, v[:10]); err == nil {
			return &v, nil
		}
	}
	if c.acceptAnyDate {
		return nil, nil
	}
	return nil, &Error{Code: 1206, Reason: "Invalid timestamp format or value [" + format + "]"}
}

func epoch(unit, v string) (*string, *Error) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, &Error{Code: 1206, Reason: "Invalid timestamp format or value [" + unit + "]"}
	}
	at := time.Unix(n, 0)
	if unit == "epochmillisecs" {
		at = time.UnixMilli(n)
	}
	s := at.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	return &s, nil
}
