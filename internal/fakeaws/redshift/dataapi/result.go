package dataapi

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// An outcome is what a statement gave.
type outcome struct {
	fields  []pgconn.FieldDescription // nil where there are no rows to give
	records [][]any
	rows    int // given or affected
	size    int // bytes
}

// do does one statement. Parameters are texts; the place where one stands
// gives it its type.
func do(ctx context.Context, conn *pgconn.PgConn, sql string, parameters []parameter) (*outcome, error) {
	sql, values, err := numbered(sql, parameters)
	if err != nil {
		return nil, err
	}
	r := conn.ExecParams(ctx, sql, values, nil, nil, nil)
	o := &outcome{}
	if fields := r.FieldDescriptions(); len(fields) > 0 {
		o.fields = slices.Clone(fields)
	}
	for r.NextRow() {
		if err := o.add(r.Values()); err != nil {
			_, _ = r.Close() // the first error is the one to tell
			return o, err
		}
	}
	tag, err := r.Close()
	if err != nil {
		return nil, err
	}
	o.rows = len(o.records)
	if o.fields == nil {
		o.rows = int(tag.RowsAffected())
	}
	if tag.String() == "COPY" {
		n := conn.ExecParams(ctx, "SELECT pg_last_copy_count()", nil, nil, nil, nil).Read()
		if n.Err != nil {
			return nil, n.Err
		}
		o.rows, err = strconv.Atoi(string(n.Rows[0][0]))
	}
	return o, err
}

// add takes one row.
func (o *outcome) add(values [][]byte) error {
	record, size := make([]any, len(values)), 0
	for i, v := range values {
		record[i] = field(o.fields[i].DataTypeOID, v)
		size += len(v)
	}
	o.size += size
	switch {
	case size > longestDataRow:
		return failure.New(failure.Internal, "Row size exceeds the limit of 64 KB")
	case o.size > largestResult:
		return failure.New(failure.Internal, "Result size exceeds the limit of 500 MB")
	}
	o.records = append(o.records, record)
	return nil
}

// field is a value in the Data API's form.
func field(oid uint32, v []byte) any {
	if v == nil {
		return map[string]any{"isNull": true}
	}
	s := string(v)
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return map[string]any{"longValue": n}
		}
	case pgtype.Float4OID, pgtype.Float8OID:
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return map[string]any{"doubleValue": f}
		}
	case pgtype.BoolOID:
		return map[string]any{"booleanValue": s == "t"}
	}
	return map[string]any{"stringValue": s}
}

// result gives a page of a statement's rows.
func (d *Server) result(c *apiCall) (any, error) {
	j, sub, err := d.find(c.ID)
	if err != nil {
		return nil, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.parts[0]
	if sub != "" {
		n, err := strconv.Atoi(sub)
		if err != nil || n < 1 || n > len(j.parts) {
			return nil, invalid("id %s is not valid", c.ID)
		}
		p = j.parts[n-1]
	}
	if j.status != finished || p.result == nil || p.result.fields == nil || j.batch && sub == "" {
		return nil, notFound(noResultToShow, c.ID)
	}
	from := 0
	if c.NextToken != "" {
		if _, err := fmt.Sscanf(c.NextToken, "from-%d", &from); err != nil || from > len(p.result.records) {
			return nil, invalid("NextToken is not valid")
		}
	}
	to := min(from+pageOfRecords, len(p.result.records))
	answer := map[string]any{
		"Records": p.result.records[from:to], "ColumnMetadata": p.result.columns(),
		"TotalNumRows": len(p.result.records),
	}
	if from == to {
		answer["Records"] = []any{}
	}
	if to < len(p.result.records) {
		answer["NextToken"] = fmt.Sprintf("from-%d", to)
	}
	return answer, nil
}

func (o *outcome) columns() []any {
	var all []any
	names := translate.TypeNames()
	for _, f := range o.fields {
		length, precision, scale := int(f.DataTypeSize), 0, 0
		switch f.DataTypeOID {
		case pgtype.VarcharOID, pgtype.BPCharOID:
			length = max(int(f.TypeModifier)-4, 0)
			precision = length
		case pgtype.NumericOID:
			precision, scale = int(f.TypeModifier-4)>>16, int(f.TypeModifier-4)&0x7ff
		}
		isNumber := slices.Contains([]uint32{
			pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.NumericOID, pgtype.Float4OID, pgtype.Float8OID,
		}, f.DataTypeOID)
		all = append(all, map[string]any{
			"name": f.Name, "label": f.Name, "typeName": names[f.DataTypeOID],
			"length": max(length, 0), "precision": max(precision, 0), "scale": scale,
			"nullable": 1, "isSigned": isNumber, "isCurrency": false, "isCaseSensitive": !isNumber,
			"schemaName": "", "tableName": "",
		})
	}
	return all
}

// numbered turns :name into $1 and so on, each place with a number of its own.
func numbered(sql string, parameters []parameter) (string, [][]byte, error) {
	all, err := lex.Split(sql)
	if err != nil || len(parameters) == 0 || len(all) != 1 {
		return sql, nil, nil // PostgreSQL or the stand-in says what is wrong
	}
	var out lex.Statement
	var values [][]byte
	for s, i := all[0], 0; i < len(s); i++ {
		if name, ok := namedAt(s, i); ok {
			at := slices.IndexFunc(parameters, func(p parameter) bool { return p.Name == name })
			if at >= 0 {
				values = append(values, []byte(parameters[at].Value))
				out = append(out, lex.Token{Kind: lex.Param, Text: "$" + strconv.Itoa(len(values)), Gap: s[i].Gap})
				i++
				continue
			}
		}
		out = append(out, s[i])
	}
	return out.String(), values, nil
}

// namedAt tells whether a named parameter stands at place i.
func namedAt(s lex.Statement, i int) (string, bool) {
	if !s[i].Is(":") || i+1 >= len(s) || s[i+1].Kind != lex.Word || s[i+1].Gap {
		return "", false
	}
	return s[i+1].Text, true
}

// checkParameters refuses parameters that no statement has, and those that a
// statement has and nobody gave.
func checkParameters(sqls []string, parameters []parameter) error {
	used := map[string]bool{}
	for _, sql := range sqls {
		all, err := lex.Split(sql)
		if err != nil {
			return nil // the statement fails by itself
		}
		for _, s := range all {
			for i := range s {
				if name, ok := namedAt(s, i); ok {
					used[name] = true
				}
			}
		}
	}
	var unused []string
	for _, p := range parameters {
		if !used[p.Name] {
			unused = append(unused, p.Name)
		}
		delete(used, p.Name)
	}
	if len(unused) > 0 {
		return invalid("Parameters list contains unused parameters. Unused parameters: [%s]",
			strings.Join(unused, ", "))
	}
	if len(parameters) > 0 && len(used) > 0 {
		for name := range used {
			return invalid("Parameters list is missing a value for %s", name)
		}
	}
	return nil
}
