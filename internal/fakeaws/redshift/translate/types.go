package translate

import (
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"

	"github.com/jackc/pgx/v5/pgtype"
)

// Limits of Redshift (Developer Guide: "Character types", "Numeric types",
// "Names and identifiers"); PostgreSQL cuts names off much earlier.
const (
	MaxVarchar    = 65535
	maxChar       = 4096
	maxDigits     = 38
	maxScale      = 37
	maxName       = 127
	maxOwnName    = 63
	defaultLength = 256
)

// columnTypes are Redshift's type names, and what PostgreSQL keeps them as.
// Everything else can't be a column.
func columnTypes() map[string]string {
	return map[string]string{
		"smallint": "smallint", "int2": "smallint", "integer": "integer", "int": "integer", "int4": "integer",
		"bigint": "bigint", "int8": "bigint", "decimal": "numeric", "numeric": "numeric",
		"real": "real", "float4": "real", "double precision": "double precision", "float8": "double precision",
		"float": "double precision", "boolean": "boolean", "bool": "boolean",
		"char": "char", "character": "char", "nchar": "char", "bpchar": "bpchar",
		"varchar": "varchar", "character varying": "varchar", "nvarchar": "varchar", "text": "text",
		"date": "date", "time": "time", "time without time zone": "time",
		"timetz": "timetz", "time with time zone": "timetz",
		"timestamp": "timestamp", "timestamp without time zone": "timestamp",
		"timestamptz": "timestamptz", "timestamp with time zone": "timestamptz",
		"super": "jsonb", "varbyte": "bytea", "varbinary": "bytea", "binary varying": "bytea",
	}
}

// longTypes are the names of more than one word, longest first.
func longTypes() []string {
	return []string{
		"timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone",
		"character varying", "double precision", "binary varying",
	}
}

// TypeAt reads the type that starts at place i, and returns how PostgreSQL
// spells it and the place after it. A column of text always has a limit.
func TypeAt(s lex.Statement, i int, column string) (pg string, end int, err error) {
	if i >= len(s) || !s[i].Named() {
		return "", i, failure.Near(s.At(i))
	}
	name, end := s[i].Name(), i+1
	for _, long := range longTypes() {
		if n := len(strings.Fields(long)); i+n <= len(s) && s[i:i+n].Starts(strings.Fields(long)...) {
			name, end = long, i+n
			break
		}
	}
	var args lex.Statement
	if end < len(s) && s[end].Is("(") {
		close := s.Closing(end)
		args, end = s[end+1:close], close+1
		// timestamp (p) with time zone
		for _, zone := range []string{"with time zone", "without time zone"} {
			if (name == "timestamp" || name == "time") && end+3 <= len(s) &&
				s[end:end+3].Starts(strings.Fields(zone)...) {
				name, end = name+" "+zone, end+3
			}
		}
	}
	if end < len(s) && s[end].Is("[") || end < len(s) && s[end].Is("array") {
		return "", end, unsupportedType(column, name+"[]")
	}
	kept, ok := columnTypes()[name]
	if !ok {
		return "", end, unsupportedType(column, name)
	}
	pg, err = sized(kept, args)
	return pg, end, err
}

// unsupportedType is what CREATE TABLE says of a type that only the leader
// node knows.
func unsupportedType(column, name string) error {
	if column == "" {
		return failure.New(failure.Unsupported, `unsupported type "%s"`, name)
	}
	return failure.New(failure.Unsupported, `Column "%s" has unsupported type "%s".`, column, name)
}

// sized adds the length or precision to a type.
func sized(kept string, args lex.Statement) (string, error) {
	length := func(name string, missing, most int) (string, error) {
		n := missing
		switch {
		case len(args) == 0:
		case len(args) == 1 && args[0].Is("max"):
			n = most
		default:
			var err error
			if n, err = strconv.Atoi(args.String()); err != nil {
				return "", failure.Near(args.String())
			}
		}
		if n < 1 {
			return "", failure.New(failure.BadParameter, "length for type %s must be at least 1", name)
		}
		if n > most {
			return "", failure.New(failure.BadParameter, "length for type %s cannot exceed %d", name, most)
		}
		return name + "(" + strconv.Itoa(n) + ")", nil
	}
	switch kept {
	case "varchar":
		return length("varchar", defaultLength, MaxVarchar)
	case "text": // whatever its length says, r_Character_types names none
		return "varchar(" + strconv.Itoa(defaultLength) + ")", nil
	case "char":
		return length("char", 1, maxChar)
	case "bpchar":
		return length("char", defaultLength, maxChar)
	case "numeric":
		return decimal(args)
	case "bytea": // VARBYTE(n): its limit isn't kept
		return kept, nil
	}
	if len(args) == 0 || kept == "double precision" {
		return kept, nil
	}
	return kept + "(" + args.String() + ")", nil
}

// decimal is DECIMAL with its defaults: 18 digits, none after the point.
func decimal(args lex.Statement) (string, error) {
	digits, scale := 18, 0
	var err error
	if parts := args.Commas(); len(args) > 0 {
		if digits, err = strconv.Atoi(parts[0].String()); err != nil {
			return "", failure.Near(parts[0].String())
		}
		if len(parts) > 1 {
			if scale, err = strconv.Atoi(parts[1].String()); err != nil {
				return "", failure.Near(parts[1].String())
			}
		}
	}
	if digits < 1 || digits > maxDigits {
		return "", failure.New(failure.BadParameter, "DECIMAL precision %d must be between 1 and %d", digits, maxDigits)
	}
	if most := min(digits, maxScale); scale < 0 || scale > most {
		return "", failure.New(failure.BadParameter, "DECIMAL scale %d must be between 0 and %d", scale, most)
	}
	return "numeric(" + strconv.Itoa(digits) + "," + strconv.Itoa(scale) + ")", nil
}

// TypeNames are the names of types in the metadata of a result.
func TypeNames() map[uint32]string {
	return map[uint32]string{
		pgtype.Int2OID: "int2", pgtype.Int4OID: "int4", pgtype.Int8OID: "int8", pgtype.Float4OID: "float4",
		pgtype.Float8OID: "float8", pgtype.NumericOID: "numeric", pgtype.BoolOID: "bool", pgtype.VarcharOID: "varchar",
		pgtype.TextOID: "text", pgtype.BPCharOID: "bpchar", pgtype.DateOID: "date", pgtype.TimeOID: "time",
		pgtype.TimetzOID: "timetz", pgtype.TimestampOID: "timestamp", pgtype.TimestamptzOID: "timestamptz",
		pgtype.JSONBOID: "super", pgtype.NameOID: "name", pgtype.OIDOID: "oid",
	}
}
