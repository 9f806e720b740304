package archived

import (
	"errors"
	"math/big"
	"regexp"
	"strings"
	"time"

	"catchment/internal/warehouse/shape"
)

// errNoValue never shows the value.
var errNoValue = errors.New("it holds what is no value of its kind")

// number is what a warehouse or a page writes for one. It is short enough to be written out.
var number = regexp.MustCompile(`^[+-]?[0-9]*\.?[0-9]*([eE][+-]?[0-9]{1,3})?$`)

// Text is the one text of a value of a kind, from the text that a warehouse, or a page of Salesforce,
// has for it: true and false, 2026-01-02T03:04:05.000Z, 2026-01-02, 03:04:05.000Z, and numbers without
// an exponent and without zeros that say nothing.
func Text(kind shape.Kind, text string) (string, error) {
	switch kind {
	case shape.Bool:
		return truth(text)
	case shape.Int, shape.Long, shape.Decimal:
		return plainNumber(text)
	case shape.Timestamp:
		return moment(text, "2006-01-02T15:04:05.000Z", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00",
			"2006-01-02T15:04:05Z0700", time.RFC3339)
	case shape.Time:
		return moment(text, "15:04:05.000Z", "15:04:05", "15:04:05Z07:00")
	}
	return text, nil
}

func truth(text string) (string, error) {
	switch strings.ToLower(text) {
	case "true", "t":
		return "true", nil
	case "false", "f":
		return "false", nil
	}
	return "", errNoValue
}

// plainNumber writes a number digit by digit: going through a float would round.
func plainNumber(text string) (string, error) {
	if !number.MatchString(text) {
		return "", errNoValue
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", errNoValue
	}
	digits, _ := n.FloatPrec()
	return n.FloatString(digits), nil
}

// moment reads a text in one of some layouts, and writes it to the millisecond, or with all digits that it
// has beyond. What Go doesn't read, years of five digits, stays as it is.
func moment(text, as string, layouts ...string) (string, error) {
	for _, layout := range layouts {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if at = at.UTC(); at.Nanosecond()%int(time.Millisecond) != 0 {
			as = strings.Replace(as, ".000", ".999999999", 1)
		}
		return at.Format(as), nil
	}
	return text, nil
}
