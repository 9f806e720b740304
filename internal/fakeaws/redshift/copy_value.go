package redshift

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

// A loadError is why a row wasn't loaded (Developer Guide, "Load error
// reference").
type loadError struct {
	code   int
	reason string
	column *target
	value  string
}

// A target is a column that COPY fills.
type target struct {
	name    string
	kind    string // as pg_type calls it
	length  int    // of a text, in bytes
	digits  int
	scale   int
	notNull bool
}

func itoa(n int) string { return strconv.Itoa(n) }

// value turns a field into what the column takes; nil is NULL.
func (c *copyCommand) value(t *target, field string) (*string, *loadError) {
	isText := t.kind == "varchar" || t.kind == "bpchar"
	blank := strings.TrimSpace(field) == ""
	switch {
	case field == c.null, isText && field == "" && c.emptyAsNull, isText && field != "" && blank && c.blanksAsNull, !isText && blank:
		if t.notNull {
			return nil, &loadError{code: 1213, reason: "Missing data for not-null field", column: t}
		}
		return nil, nil
	case isText:
		return c.textValue(t, field)
	}
	v, e := c.typed(t, strings.TrimSpace(field))
	if e != nil {
		e.column, e.value = t, field
		return nil, e
	}
	return v, nil
}

// textValue checks encoding and length: Redshift counts bytes.
func (c *copyCommand) textValue(t *target, v string) (*string, *loadError) {
	if !utf8.ValidString(v) {
		if !c.acceptInvalid || t.kind == "bpchar" {
			return nil, &loadError{code: 1220, reason: "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: " + badBytes(v), column: t, value: v}
		}
		v = replaceInvalid(v, c.replacement)
	}
	if c.trimBlanks {
		v = strings.TrimRight(v, " ")
	}
	if len(v) <= t.length {
		return &v, nil
	}
	if !c.cutLong {
		return nil, &loadError{code: 1204, reason: "String length exceeds DDL length", column: t, value: v}
	}
	n := t.length
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
func (c *copyCommand) typed(t *target, v string) (*string, *loadError) {
	switch t.kind {
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
			return nil, &loadError{code: 1208, reason: "Invalid digit, Value '" + v[:1] + "', Pos 0, Type: Double"}
		}
	case "bool":
		if !boolean.MatchString(v) {
			return nil, &loadError{code: 1210, reason: "Unknown boolean format"}
		}
	case "date":
		return c.dateValue(v)
	case "timestamp", "timestamptz":
		return c.momentValue(t, v)
	case "time", "timetz":
		if !clock.MatchString(v) {
			return nil, &loadError{code: 1206, reason: "Invalid time format or value [HH24:MI:SS]"}
		}
	case "jsonb":
		if !json.Valid([]byte(v)) {
			return nil, &loadError{code: 1224, reason: "Invalid JSON format. Json syntax error"}
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
	isoMoment = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)? ?(Z|UTC|[+-]\d{2}(:?\d{2})?)?$`)
)

func integer(v string, bits int, name string) (*string, *loadError) {
	if i := strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' }); i > 0 || i == 0 && v[0] != '-' && v[0] != '+' {
		return nil, &loadError{code: 1207, reason: "Invalid digit, Value '" + v[i:i+1] + "', Pos " + itoa(i) + ", Type: " + name}
	}
	if _, err := strconv.ParseInt(v, 10, bits); err != nil {
		return nil, &loadError{code: 1207, reason: "Overflow, Value '" + v[:1] + "', Pos 0, Type: " + name}
	}
	return &v, nil
}

// decimalValue cuts digits behind the scale off, as COPY does without ROUNDEC.
func (c *copyCommand) decimalValue(t *target, v string) (*string, *loadError) {
	if !digits.MatchString(v) {
		i := strings.IndexFunc(v, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' })
		i = max(i, 0)
		return nil, &loadError{code: 1207, reason: "Invalid digit, Value '" + v[i:i+1] + "', Pos " + itoa(i) + ", Type: Decimal"}
	}
	if _, behind, ok := strings.Cut(v, "."); ok && len(behind) > t.scale && !c.roundDecimals {
		v = v[:len(v)-len(behind)+t.scale]
	}
	r, ok := new(big.Rat).SetString(strings.TrimSuffix(v, "."))
	if !ok {
		return nil, &loadError{code: 1209, reason: "Invalid value for DECIMAL"}
	}
	most := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.digits-t.scale)), nil))
	if r.Abs(r).Cmp(most) >= 0 {
		return nil, &loadError{code: 1207, reason: fmt.Sprintf("Overflow for NUMERIC(%d,%d)", t.digits, t.scale)}
	}
	v = strings.TrimSuffix(v, ".")
	return &v, nil
}

func (c *copyCommand) dateValue(v string) (*string, *loadError) {
	if c.date != "" && c.date != "auto" && c.date != "YYYY-MM-DD" {
		return nil, &loadError{code: 1205, reason: "the stand-in knows DATEFORMAT 'auto' and 'YYYY-MM-DD'"}
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
	return nil, &loadError{code: 1205, reason: "Invalid Date Format - length must be 10 or more"}
}

// momentValue takes the default format, and ISO 8601 with TIMEFORMAT 'auto'.
func (c *copyCommand) momentValue(t *target, v string) (*string, *loadError) {
	ok, format := false, "YYYY-MM-DD HH24:MI:SS"
	if t.kind == "timestamptz" {
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
		return nil, &loadError{code: 1206, reason: "the stand-in knows TIMEFORMAT 'auto', 'epochsecs' and 'epochmillisecs'"}
	}
	if ok {
		if _, err := time.Parse(time.DateOnly, v[:10]); err == nil {
			return &v, nil
		}
	}
	if c.acceptAnyDate {
		return nil, nil
	}
	return nil, &loadError{code: 1206, reason: "Invalid timestamp format or value [" + format + "]"}
}

func epoch(unit, v string) (*string, *loadError) {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, &loadError{code: 1206, reason: "Invalid timestamp format or value [" + unit + "]"}
	}
	at := time.Unix(n, 0)
	if unit == "epochmillisecs" {
		at = time.UnixMilli(n)
	}
	s := at.UTC().Format("2006-01-02 15:04:05.999999Z07:00")
	return &s, nil
}
