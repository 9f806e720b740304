package redshift

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// load does a COPY.
func (s *session) load(c *copyCommand, to emit) error {
	if s.pg.state == 'E' {
		return aborted()
	}
	if err := s.before(&command{writes: c.table}); err != nil {
		return err
	}
	targets, err := s.targets(c)
	if err != nil {
		return err
	}
	number, err := s.server.admin.next(s.ctx)
	if err != nil {
		return err
	}
	l := &loading{s: s, c: c, targets: targets, query: number}
	if l.sources, err = s.server.sources(s.ctx, c); err != nil {
		return err
	}
	if err := l.run(); err != nil {
		return err
	}
	set := fmt.Sprintf("SELECT set_config('%[1]s.last_copy_count', '%d', false), set_config('%[1]s.last_copy_id', '%d', false)", ownSchema, l.rows, number)
	if err := s.pg.query(set, nowhere); err != nil {
		return err
	}
	to(info(fmt.Sprintf("Load into table '%s' completed, %d record(s) loaded successfully.", c.table.name, l.rows)))
	if l.errors > 0 {
		to(info(fmt.Sprintf("Load into table '%s' completed, %d record(s) could not be loaded.  Check 'stl_load_errors' system table for details.", c.table.name, l.errors)))
	}
	return nil
}

// targets are the columns that the fields go into, in their order.
func (s *session) targets(c *copyCommand) ([]*target, error) {
	r, err := s.pg.collect(`SELECT a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity
		FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
		WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, c.table.String())
	if err != nil {
		return nil, err
	}
	all := map[string]*target{}
	var order []string
	for i := range r.values {
		t := &target{name: r.text(i, 0), kind: r.text(i, 1), notNull: r.text(i, 3) == "t"}
		switch mod := r.number(i, 2) - 4; t.kind {
		case "varchar", "bpchar":
			t.length = mod
		case "numeric":
			t.digits, t.scale = mod>>16, mod&0x7ff
		}
		all[t.name] = t
		if r.text(i, 4) == "" || c.explicitIDs {
			order = append(order, t.name)
		}
	}
	if len(c.columns) > 0 {
		order = c.columns
	}
	var targets []*target
	for _, name := range order {
		if all[name] == nil {
			return nil, failed("42703", `column "%s" of relation "%s" does not exist`, name, c.table.name)
		}
		targets = append(targets, all[name])
	}
	return targets, nil
}

// A loading is a COPY at work.
type loading struct {
	s       *session
	c       *copyCommand
	targets []*target
	sources []source
	query   int
	rows    int
	errors  int
	found   int // objects
}

// run reads the objects on one side and lets PostgreSQL copy on the other.
func (l *loading) run() error {
	names := make([]string, len(l.targets))
	for i, t := range l.targets {
		names[i] = quote(t.name)
	}
	sql := "COPY " + l.c.table.String() + " (" + strings.Join(names, ", ") + `) FROM STDIN (FORMAT csv, NULL E'\\N', ENCODING 'UTF8')`
	r, w := io.Pipe()
	read := make(chan error, 1)
	go func() {
		out := bufio.NewWriterSize(w, 64<<10)
		err := l.read(out)
		if err == nil {
			err = out.Flush()
		}
		w.CloseWithError(err)
		read <- err
	}()
	err := l.s.pg.copyIn(sql, r)
	r.CloseWithError(io.ErrClosedPipe)
	if e := <-read; e != nil && e != io.ErrClosedPipe {
		return e
	}
	return err
}

func (l *loading) read(w *bufio.Writer) error {
	for _, from := range l.sources {
		if err := l.object(from, w); err != nil {
			return err
		}
	}
	if l.found == 0 {
		return noPrefix(l.c.from)
	}
	return nil
}

// object loads one object.
func (l *loading) object(from source, w *bufio.Writer) error {
	o, err := l.s.server.read(l.s.ctx, from, l.c.gzip)
	if err != nil || o == nil {
		return err
	}
	defer o.Close()
	l.found++
	r := newReader(o, l.c)
	for n := 0; ; n++ {
		rec, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n < l.c.header || len(rec.raw) == 0 && l.c.ignoreBlankLines {
			continue
		}
		line, broken := l.row(rec)
		if broken == nil {
			l.rows++
			if !l.c.noLoad {
				if _, err := w.WriteString(line); err != nil {
					return err
				}
			}
			continue
		}
		if err := l.note(from, rec, broken); err != nil {
			return err
		}
		if l.errors++; l.errors > l.c.maxError {
			return failed(codeInternal, "Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", l.c.table.name)
		}
	}
}

// row is a record as PostgreSQL's COPY reads it.
func (l *loading) row(rec *record) (string, *loadError) {
	switch {
	case rec.broken != nil:
		return "", rec.broken
	case len(rec.fields) > len(l.targets):
		return "", &loadError{code: 1202, reason: "Extra column(s) found"}
	case len(rec.fields) < len(l.targets) && !l.c.fillRecord:
		return "", &loadError{code: 1214, reason: "Delimiter not found", column: l.targets[len(rec.fields)-1]}
	}
	var b strings.Builder
	for i, t := range l.targets {
		if i > 0 {
			b.WriteByte(',')
		}
		field := ""
		if i < len(rec.fields) {
			field = string(rec.fields[i])
		}
		v, e := l.c.value(t, field)
		if e != nil {
			return "", e
		}
		if v == nil {
			b.WriteString(`\N`)
			continue
		}
		b.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
	}
	b.WriteByte('\n')
	return b.String(), nil
}

// note keeps a row that wasn't loaded where everybody can look it up, whatever
// becomes of the transaction.
func (l *loading) note(from source, rec *record, e *loadError) error {
	name, kind, length := "", "", ""
	if e.column != nil {
		name, kind = e.column.name, e.column.kind
		if e.column.length > 0 {
			length = itoa(e.column.length)
		}
	}
	cut := func(s string, n int) string {
		return strings.ToValidUTF8(strings.ReplaceAll(s[:min(len(s), n)], "\x00", ""), "?")
	}
	return l.s.server.admin.exec(l.s.ctx, `INSERT INTO `+ownSchema+`.load_error
		(query, table_name, filename, line_number, colname, type, col_length, position, raw_line, raw_field_value, err_code, err_reason)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9, $10, $11)`,
		l.query, l.c.table.String(), from.url, rec.line, name, kind, length, cut(string(rec.raw), 1024), cut(e.value, 1024), e.code, cut(e.reason, 100))
}
