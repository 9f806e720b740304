package redshift

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/redshiftdata/types"

	"catchment/internal/plan"
)

// named makes $1 into :p1, as the Data API wants it. Its parameters are texts,
// neither null nor empty (ExecuteStatement refuses both): whatever is no text
// of a character or more is written into the statement, which is safe for
// numbers, truth values and moments.
func named(sql string, args []any) (string, []types.SqlParameter, error) {
	var parameters []types.SqlParameter
	for i := len(args); i > 0; i-- { // from the last, so that $1 isn't found in $12
		place := "$" + strconv.Itoa(i)
		var text string
		switch v := args[i-1].(type) {
		case nil:
			text = "NULL"
		case string:
			if text = "''"; v != "" {
				name := "p" + strconv.Itoa(i)
				text = ":" + name
				parameters = append(parameters, types.SqlParameter{Name: &name, Value: &v})
			}
		case bool:
			text = strconv.FormatBool(v)
		case int, int32, int64:
			text = fmt.Sprint(v)
		case time.Time:
			name, value := "p"+strconv.Itoa(i), v.UTC().Format("2006-01-02 15:04:05.999999+00")
			text = ":" + name
			parameters = append(parameters, types.SqlParameter{Name: &name, Value: &value})
		default:
			return "", nil, plan.Failf(plan.Bug, "", "parameter %s is a %T", place, v)
		}
		sql = strings.ReplaceAll(sql, place, text)
	}
	return sql, parameters, nil
}

// scanRecord reads a record into pointers, as database/sql does.
func scanRecord(record []types.Field, dest []any) error {
	if len(record) != len(dest) {
		return plan.Failf(plan.Bug, "", "a row of %d values is read into %d", len(record), len(dest))
	}
	for i, f := range record {
		if err := scanField(f, dest[i]); err != nil {
			return fmt.Errorf("value %d: %w", i+1, err)
		}
	}
	return nil
}

func scanField(f types.Field, dest any) error {
	text, null := fieldText(f)
	switch d := dest.(type) {
	case **string:
		return optional(d, text, null, func(s string) (string, error) { return s, nil })
	case **int64:
		return optional(d, text, null, parseInt)
	case **int:
		return optional(d, text, null, strconv.Atoi)
	case **bool:
		return optional(d, text, null, parseBool)
	case **time.Time:
		return optional(d, text, null, parseTime)
	}
	if null {
		return plan.Failf(plan.Bug, "", "null where a %T is read", dest)
	}
	var err error
	switch d := dest.(type) {
	case *string:
		*d = text
	case *int64:
		*d, err = parseInt(text)
	case *int:
		*d, err = strconv.Atoi(text)
	case *bool:
		*d, err = parseBool(text)
	case *time.Time:
		*d, err = parseTime(text)
	default:
		return plan.Failf(plan.Bug, "", "nothing reads into a %T", dest)
	}
	return err
}

func optional[T any](dest **T, text string, null bool, parse func(string) (T, error)) error {
	*dest = nil
	if null {
		return nil
	}
	v, err := parse(text)
	if err == nil {
		*dest = &v
	}
	return err
}

// fieldText is a value as Redshift would write it.
func fieldText(f types.Field) (text string, null bool) {
	switch v := f.(type) {
	case *types.FieldMemberStringValue:
		return v.Value, false
	case *types.FieldMemberLongValue:
		return strconv.FormatInt(v.Value, 10), false
	case *types.FieldMemberBooleanValue:
		return strconv.FormatBool(v.Value), false
	case *types.FieldMemberDoubleValue:
		return strconv.FormatFloat(v.Value, 'g', -1, 64), false
	case *types.FieldMemberBlobValue:
		return string(v.Value), false
	}
	return "", true
}

func parseInt(s string) (int64, error) { return strconv.ParseInt(strings.TrimSuffix(s, ".0"), 10, 64) }

func parseBool(s string) (bool, error) { return strconv.ParseBool(s) }

// parseTime reads a moment as Redshift writes it, in UTC.
func parseTime(s string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04:05.999999Z07", "2006-01-02 15:04:05.999999Z07:00",
		time.RFC3339Nano, "2006-01-02 15:04:05.999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, plan.Failf(plan.Bug, "", "a moment that nobody can read")
}
