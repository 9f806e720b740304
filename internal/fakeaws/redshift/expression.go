package redshift

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
)

// query reads a whole query: what is refused in it, QUALIFY, and expressions.
func query(s statement) (statement, error) {
	if err := refuse(s); err != nil {
		return nil, err
	}
	s, err := qualify(s)
	if err != nil {
		return nil, err
	}
	return functions(s)
}

// expression reads a piece of SQL without FROM.
func expression(s statement) (statement, error) {
	if err := refuse(s); err != nil {
		return nil, err
	}
	return functions(s)
}

// functions writes Redshift's functions and types as PostgreSQL's. Those that
// only need another body are functions in the schema of the stand-in.
func functions(s statement) (statement, error) {
	var out statement
	for i := 0; i < len(s); i++ {
		t := s[i]
		called := i+1 < len(s) && s[i+1].is("(") && !(i > 0 && s[i-1].is("."))
		switch {
		case t.kind != word && t.kind != sign:
		case t.is("sysdate") && !called:
			t.text = Schema + ".sysdate()"
		case t.is("information_schema") && i+2 < len(s) && s[i+1].is(".") && s[i+2].is("columns"):
			t.text = Schema // whose view calls SUPER by its name
		case t.is("super") && i > 0 && s[i-1].is("::", "as"):
			t.text = "jsonb"
		case called && t.kind == word:
			end := s.closing(i + 1)
			if end >= len(s) {
				return nil, failure.Near("")
			}
			more, used, err := function(s, i, end)
			if err != nil {
				return nil, err
			}
			if used > 0 {
				if len(more) > 0 {
					more[0].gap = t.gap
				}
				out = append(out, more...)
				i += used - 1
				continue
			}
		case t.is("::") && i+1 < len(s):
			if err := castable(s[i+1]); err != nil {
				return nil, err
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// function rewrites the call at place i, whose arguments end at end, and says
// how many tokens it used; none where PostgreSQL takes it as it is.
func function(s statement, i, end int) (out statement, used int, err error) {
	inside := s[i+2 : end]
	used = end + 1 - i
	name := strings.ToLower(s[i].text)
	switch name {
	case "varchar", "nvarchar", "character", "varying", "char": // a type in a cast
		if inside.starts("max") {
			return tokens("varchar(%d)", maxVarchar), used, nil
		}
		return nil, 0, nil
	case "dateadd", "datediff", "date_diff", "date_add", "date_part", "date_trunc", "last_day", "nvl", "nvl2", "listagg", "convert", "decode", "json_parse", "json_serialize", "cast":
	default:
		return nil, 0, nil
	}
	if inside, err = functions(inside); err != nil {
		return nil, 0, err
	}
	args := inside.commas()
	call := func(name string) statement { return parens(tokens("%s", name), inside) }
	switch name {
	case "cast":
		if as := inside.find(0, "as"); as >= 0 && as+1 < len(inside) {
			err = castable(inside[as+1])
		}
		return call("CAST"), used, err
	case "nvl":
		return call("COALESCE"), used, nil
	case "nvl2":
		if len(args) != 3 {
			return nil, 0, failure.Near(")")
		}
		return tokens("(CASE WHEN (%s) IS NOT NULL THEN %s ELSE %s END)", args[0], args[1], args[2]), used, nil
	case "convert":
		if len(args) != 2 {
			return nil, 0, failure.Near(")")
		}
		return tokens("CAST(%s AS %s)", args[1], args[0]), used, castable(args[0][0])
	case "decode":
		return decode(args), used, nil
	case "listagg":
		return listagg(s, args, i, end)
	case "json_parse", "json_serialize":
		return call(Schema + "." + name), used, nil
	}
	// The first argument names a part of a moment, with or without quotes.
	if len(args) > 0 && len(args[0]) == 1 && args[0][0].named() {
		inside = append(statement{{kind: text, text: literal(args[0][0].name())}}, inside[1:]...)
	}
	if name == "date_part" || name == "date_trunc" || name == "last_day" {
		return call(name), used, nil
	}
	return call(Schema + "." + strings.ReplaceAll(name, "_", "")), used, nil
}

func parens(head, inside statement) statement {
	out := append(slices.Clone(head), token{kind: sign, text: "("})
	out = append(out, inside...)
	return append(out, token{kind: sign, text: ")"})
}

// decode writes DECODE(value, search, result, ..., default) as CASE. Two nulls
// are equal there.
func decode(args []statement) statement {
	sql := "(CASE"
	i := 1
	for ; i+1 < len(args); i += 2 {
		sql += " WHEN (" + args[0].String() + ") IS NOT DISTINCT FROM (" + args[i].String() + ") THEN " + args[i+1].String()
	}
	if i < len(args) {
		sql += " ELSE " + args[i].String()
	}
	return tokens("%s END)", sql)
}

// listagg writes LISTAGG(x, ',') WITHIN GROUP (ORDER BY y) as PostgreSQL's.
func listagg(s statement, args []statement, i, end int) (statement, int, error) {
	used := end + 1 - i
	between := "''"
	if len(args) > 1 {
		between = args[1].String()
	}
	order := ""
	if rest := s[end+1:]; rest.starts("within", "group", "(") {
		close := rest.closing(2)
		by, err := functions(rest[3:min(close, len(rest))])
		if err != nil {
			return nil, 0, err
		}
		order = " " + by.String()
		used += close + 1
	}
	value := args[0]
	distinct := ""
	if value.starts("distinct") {
		distinct, value = "DISTINCT ", value[1:]
	}
	return tokens("string_agg(%s(%s)::varchar, %s%s)", distinct, value, between, order), used, nil
}

// castable refuses types that Redshift lacks.
func castable(t token) error {
	if t.kind == word && slices.Contains([]string{"json", "jsonb", "uuid", "bytea", "xml", "inet", "cidr", "serial", "bigserial", "money", "tsvector", "tsquery", "citext", "hstore"}, strings.ToLower(t.text)) {
		return failure.New(failure.NoObject, `type "%s" does not exist`, strings.ToLower(t.text))
	}
	return nil
}
