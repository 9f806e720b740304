package postgres

import (
	"io"
	"slices"

	"catchment/internal/page"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/dialect"
)

// atOnce is how much of a page is rewritten before it is handed on.
const atOnce = 64 << 10

// A gatherer yields a page with some of its columns in one, which comes last: a JSON
// object of their values by their names. An empty value is null, and isn't in it. It
// holds a record at a time. Lines stay lines: what PostgreSQL says of line 7 is about
// line 7 of the page.
type gatherer struct {
	in      *page.Reader
	columns []dialect.CopyColumn
	out     []byte
	left    []byte // of out, not yet handed on
	object  []byte // of the current record
	begun   bool
	err     error
}

// gathered tells whether some of the columns go into an overflow.
func gathered(c sql.Copy) bool {
	return slices.ContainsFunc(c.Columns, func(c dialect.CopyColumn) bool { return c.Apart })
}

func gather(from io.Reader, columns []dialect.CopyColumn) *gatherer {
	return &gatherer{in: page.NewReader(from), columns: columns}
}

func (g *gatherer) Read(p []byte) (int, error) {
	for len(g.left) == 0 {
		if g.err != nil {
			return 0, g.err
		}
		g.out = g.out[:0]
		for g.err == nil && len(g.out) < atOnce {
			g.err = g.next()
		}
		g.left = g.out
	}
	n := copy(p, g.left)
	g.left = g.left[n:]
	return n, nil
}

// next writes the header, which PostgreSQL passes over, or the next record.
func (g *gatherer) next() error {
	if !g.begun {
		g.begun = true
		g.out = append(g.out, "header\n"...)
		_, err := g.in.Header()
		return err
	}
	fields, err := g.in.Next()
	if err != nil {
		return err
	}
	g.object = g.object[:0]
	for i, c := range g.columns {
		switch {
		case !c.Apart:
			if len(fields[i]) > 0 {
				g.out = appendQuoted(g.out, fields[i])
			}
			g.out = append(g.out, ',')
		case len(fields[i]) > 0:
			g.object = appendMember(g.object, c, fields[i])
		}
	}
	if len(g.object) > 0 {
		g.out = appendQuoted(g.out, append(g.object, '}'))
	}
	g.out = append(g.out, '\n')
	return nil
}

// appendMember adds a column's value to a JSON object that isn't closed yet. A number
// stands as it came: PostgreSQL keeps its digits, and refuses what is none.
func appendMember(dst []byte, c dialect.CopyColumn, value []byte) []byte {
	if len(dst) == 0 {
		dst = append(dst, '{')
	} else {
		dst = append(dst, ',')
	}
	dst = append(appendText(dst, []byte(c.Name)), ':')
	if c.Kind == shape.Decimal {
		return append(dst, value...)
	}
	return appendText(dst, value)
}

// appendText adds a text in JSON, byte for byte but for what JSON doesn't have in texts. The line
// feeds in it are written once more behind it, where they are blanks.
func appendText(dst, text []byte) []byte {
	const digits = "0123456789abcdef"
	lines := 0
	dst = append(dst, '"')
	for _, b := range text {
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < ' ':
			if b == '\n' {
				lines++
			}
			dst = append(dst, '\\', 'u', '0', '0', digits[b>>4], digits[b&15])
		default:
			dst = append(dst, b)
		}
	}
	dst = append(dst, '"')
	for range lines {
		dst = append(dst, '\n')
	}
	return dst
}

// appendQuoted adds a field in quotes, those in it doubled.
func appendQuoted(dst, field []byte) []byte {
	dst = append(dst, '"')
	for _, b := range field {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}
