package schema

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// ErrNotCanonical says that a value isn't one of its field's type. It never
// shows the value.
var ErrNotCanonical = errors.New("value isn't of its type")

// Canonical gives the one text of a value: the text that a Bulk API 2.0 page
// has for it. raw is the value as REST has it, without JSON's quotes; "" is
// NULL and stays so.
//
// Only date and time differ between the two protocols; the other types are
// checked where a wrong value would be loaded as another one. Who meets
// ErrNotCanonical goes on with the text as it came: a page may hold it, and the way
// of the page keeps its record aside.
func (t Type) Canonical(raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	ok := true
	switch t.traits().form {
	case dateTime:
		return canonicalDateTime(t, raw)
	case date:
		_, err := time.Parse(time.DateOnly, raw)
		ok = err == nil || longYear.MatchString(raw)
	case clock:
		_, err := time.Parse("15:04:05Z07:00", raw)
		ok = err == nil
	case boolean:
		raw = strings.ToLower(raw)
		ok = raw == "true" || raw == "false"
	case whole:
		return canonicalInt(t, raw)
	case decimal:
		// The text stays: digits, scale and exponent are the warehouse's to read.
		ok = strings.Trim(raw, "+-.0123456789eE") == ""
	}
	if !ok {
		return "", fmt.Errorf("%s: %w", t, ErrNotCanonical)
	}
	return raw, nil
}

// canonicalInt writes a whole number without point and exponent: some answers
// have 5.0 where describe says int (singer tap-salesforce#67). A number that
// isn't whole is not of its type: to round it would be to change it.
func canonicalInt(t Type, raw string) (string, error) {
	ok := strings.Trim(raw, "+-.0123456789eE") == "" && len(raw) <= 64
	if !ok || !strings.ContainsAny(raw, ".eE") {
		if !ok {
			return "", fmt.Errorf("%s: %w", t, ErrNotCanonical)
		}
		return raw, nil
	}
	_, exponent, _ := strings.Cut(strings.ToLower(raw), "e")
	if e, err := strconv.Atoi(exponent); exponent != "" && (err != nil || e > 18 || e < -64) {
		return "", fmt.Errorf("%s: %w", t, ErrNotCanonical)
	}
	n, ok := new(big.Rat).SetString(raw)
	if !ok || !n.IsInt() {
		return "", fmt.Errorf("%s: %w", t, ErrNotCanonical)
	}
	return n.Num().String(), nil
}

// canonicalDateTime turns 2026-01-02T03:04:05.000+0000 into
// 2026-01-02T03:04:05.000Z, and other offsets into UTC.
func canonicalDateTime(t Type, raw string) (string, error) {
	for _, layout := range []string{"2006-01-02T15:04:05Z0700", time.RFC3339} {
		if at, err := time.Parse(layout, raw); err == nil {
			return at.UTC().Format("2006-01-02T15:04:05.000Z"), nil
		}
	}
	// Years of five digits and more, which Go doesn't read, have come in UTC only.
	if day, clock, _ := strings.Cut(raw, "T"); longYear.MatchString(day) {
		for _, utc := range []string{"+0000", "Z"} {
			if clock, ok := strings.CutSuffix(clock, utc); ok {
				return day + "T" + clock + "Z", nil
			}
		}
	}
	return "", fmt.Errorf("%s: %w", t, ErrNotCanonical)
}

// longYear is a day of a year that isn't one of four digits.
var longYear = regexp.MustCompile(`^\d{5,9}-\d\d-\d\d$`)
