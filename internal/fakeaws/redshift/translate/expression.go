package translate

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// query reads a whole query: what is refused in it, QUALIFY, and expressions.
func query(s lex.Statement) (lex.Statement, error) {
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
func expression(s lex.Statement) (lex.Statement, error) {
	if err := refuse(s); err != nil {
		return nil, err
	}
	return functions(s)
}

// functions writes Redshift's functions and types as PostgreSQL's. Those that
// only need another body are functions in the schema of the stand-in.
func functions(s lex.Statement) (lex.Statement, error) {
	var out lex.Statement
	for i := 0; i < len(s); i++ {
		t := s[i]
		called := i+1 < len(s) && s[i+1].Is("(") && !(i > 0 && s[i-1].Is("."))
		switch {
		case t.Kind != lex.Word && t.Kind != lex.Sign:
		case t.Is("sysdate") && !called:
			t.Text = Schema + ".sysdate()"
		case t.Is("information_schema") && i+2 < len(s) && s[i+1].Is(".") && s[i+2].Is("columns"):
			t.Text = Schema // whose view calls SUPER by its name
		case t.Is("super") && i > 0 && s[i-1].Is("::", "as"):
			t.Text = "jsonb"
		case called && t.Kind == lex.Word:
			end := s.Closing(i + 1)
			if end >= len(s) {
				return nil, failure.Near("")
			}
			more, used, err := function(s, i, end)
			if err != nil {
				return nil, err
			}
			if used > 0 {
				if len(more) > 0 {
					more[0].Gap = t.Gap
				}
				out = append(out, more...)
				i += used - 1
				continue
			}
		case t.Is("::") && i+1 < len(s):
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
func function(s lex.Statement, i, end int) (out lex.Statement, used int, err error) {
	inside := s[i+2 : end]
	used = end + 1 - i
	name := strings.ToLower(s[i].Text)
	switch name {
	case "varchar", "nvarchar", "character", "varying", "char": // a type in a cast
		if inside.Starts("max") {
			return lex.Tokens("varchar(%d)", MaxVarchar), used, nil
		}
		return nil, 0, nil
	case "dateadd", "datediff", "date_diff", "date_add", "date_part", "date_trunc", "last_day", "nvl", "nvl2",
		"listagg", "convert", "decode", "json_parse", "json_serialize", "cast":
	default:
		return nil, 0, nil
	}
	if inside, err = functions(inside); err != nil {
		return nil, 0, err
	}
	args := inside.Commas()
	call := func(name string) lex.Statement { return parens(lex.Tokens("%s", name), inside) }
	switch name {
	case "cast":
		if as := inside.Find(0, "as"); as >= 0 && as+1 < len(inside) {
			err = castable(inside[as+1])
		}
		return call("CAST"), used, err
	case "nvl":
		return call("COALESCE"), used, nil
	case "nvl2":
		if len(args) != 3 {
			return nil, 0, failure.Near(")")
		}
		return lex.Tokens("(CASE WHEN (%s) IS NOT NULL THEN %s ELSE %s END)", args[0], args[1], args[2]), used, nil
	case "convert":
		if len(args) != 2 {
			return nil, 0, failure.Near(")")
		}
		return lex.Tokens("CAST(%s AS %s)", args[1], args[0]), used, castable(args[0][0])
	case "decode":
		return decode(args), used, nil
	case "listagg":
		return listagg(s, args, i, end)
	case "json_parse", "json_serialize":
		return call(Schema + "." + name), used, nil
	}
	// The first argument names a part of a moment, with or without quotes.
	if len(args) > 0 && len(args[0]) == 1 && args[0][0].Named() {
		inside = append(lex.Statement{{Kind: lex.Text, Text: lex.Literal(args[0][0].Name())}}, inside[1:]...)
	}
	if name == "date_part" || name == "date_trunc" || name == "last_day" {
		return call(name), used, nil
	}
	return call(Schema + "." + strings.ReplaceAll(name, "_", "")), used, nil
}

func parens(head, inside lex.Statement) lex.Statement {
	out := append(slices.Clone(head), lex.Token{Kind: lex.Sign, Text: "("})
	out = append(out, inside...)
	return append(out, lex.Token{Kind: lex.Sign, Text: ")"})
}

// decode writes DECODE(value, search, result, ..., default) as CASE. Two nulls
// are equal there.
func decode(args []lex.Statement) lex.Statement {
	sql := "(CASE"
	i := 1
	for ; i+1 < len(args); i += 2 {
		sql += " WHEN (" + args[0].String() + ") IS NOT DISTINCT FROM (" + args[i].String() + ") THEN " +
			args[i+1].String()
	}
	if i < len(args) {
		sql += " ELSE " + args[i].String()
	}
	return lex.Tokens("%s END)", sql)
}

// listagg writes LISTAGG(x, ',') WITHIN GROUP (ORDER BY y) as PostgreSQL's.
func listagg(s lex.Statement, args []lex.Statement, i, end int) (lex.Statement, int, error) {
	used := end + 1 - i
	between := "''"
	if len(args) > 1 {
		between = args[1].String()
	}
	order := ""
	if rest := s[end+1:]; rest.Starts("within", "group", "(") {
		close := rest.Closing(2)
		by, err := functions(rest[3:min(close, len(rest))])
		if err != nil {
			return nil, 0, err
		}
		order = " " + by.String()
		used += close + 1
	}
	value := args[0]
	distinct := ""
	if value.Starts("distinct") {
		distinct, value = "DISTINCT ", value[1:]
	}
	return lex.Tokens("string_agg(%s(%s)::varchar, %s%s)", distinct, value, between, order), used, nil
}

// castable refuses types that Redshift lacks.
func castable(t lex.Token) error {
	if t.Kind == lex.Word && slices.Contains([]string{"json", "jsonb", "uuid", "bytea", "xml", "inet", "cidr", "serial",
		"bigserial", "money", "tsvector", "tsquery", "citext", "hstore"}, strings.ToLower(t.Text)) {
		return failure.New(failure.NoObject, `type "%s" does not exist`, strings.ToLower(t.Text))
	}
	return nil
}
