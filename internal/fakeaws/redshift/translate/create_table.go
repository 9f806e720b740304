package translate

import (
	"slices"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// A definition is CREATE TABLE, read.
type definition struct {
	table     lex.Reference
	temporary bool
	unless    bool // IF NOT EXISTS
	columns   []string
	parts     []string // columns and LIKE, for PostgreSQL
	keyed     []string // columns of a primary key: they are NOT NULL, and that is all
	keys      keys
}

// keys is how a table is laid out. It changes no answer, so nothing of it is
// kept: it is only read, and refused where it makes no sense.
type keys struct {
	style, dist, sortStyle string
	sort                   []string
}

// createTable reads CREATE [LOCAL] {TEMPORARY | TEMP} TABLE.
func createTable(s lex.Statement) (*Command, error) {
	var d definition
	i := 1
	for ; i < len(s) && !s[i].Is("table"); i++ {
		switch {
		case s[i].Is("temporary", "temp"):
			d.temporary = true
		case s[i].Is("local"):
		default: // UNLOGGED, GLOBAL
			return nil, failure.Near(s[i].Text)
		}
	}
	i++
	if s[min(i, len(s)):].Starts("if", "not", "exists") {
		d.unless = true
		i += 3
	}
	var err error
	if d.table, i, err = s.ReferenceAt(i); err != nil {
		return nil, err
	}
	d.temporary = d.temporary || d.table.Temporary()
	if as := s.Find(i, "as"); as >= 0 {
		return d.as(s, i, as)
	}
	if i >= len(s) || !s[i].Is("(") {
		return nil, failure.Near(s.At(i))
	}
	end := s.Closing(i)
	for _, part := range s[i+1 : min(end, len(s))].Commas() {
		if err := d.part(part); err != nil {
			return nil, err
		}
	}
	if err := d.attributes(s[min(end+1, len(s)):]); err != nil {
		return nil, err
	}
	return d.translation()
}

// as reads CREATE TABLE ... AS: names, then attributes, then the query.
func (d *definition) as(s lex.Statement, i, as int) (*Command, error) {
	names := ""
	if i < len(s) && s[i].Is("(") {
		end := s.Closing(i)
		names, i = " "+s[i:end+1].String(), end+1
	}
	if i <= as {
		if err := d.attributes(s[i:as]); err != nil {
			return nil, err
		}
	}
	query, err := query(s[as+1:])
	if err != nil {
		return nil, err
	}
	sql := d.head() + names + " AS " + query.String()
	return &Command{SQL: sql, Tag: "SELECT", Made: d.table}, nil
}

func (d *definition) head() string {
	head := "CREATE "
	if d.temporary {
		head += "TEMPORARY "
	}
	head += "TABLE "
	if d.unless {
		head += "IF NOT EXISTS "
	}
	return head + d.table.String()
}

func (d *definition) translation() (*Command, error) {
	for _, name := range append(slices.Clone(d.keys.sort), d.keys.dist) {
		if name != "" && len(d.columns) == len(d.parts) && !slices.Contains(d.columns, name) {
			return nil, failure.New("42703", `column "%s" named in key does not exist`, name)
		}
	}
	sql := d.head() + " (" + strings.Join(d.parts, ", ") + ")"
	return &Command{SQL: sql, Made: d.table, Keyed: d.keyed}, nil
}

// part reads a column, a constraint of the table or LIKE.
func (d *definition) part(s lex.Statement) error {
	switch {
	case len(s) == 0:
		return failure.Near(")")
	case s.Starts("like"):
		return d.like(s)
	case s.Starts("constraint"):
		return d.constraint(s[min(2, len(s)):])
	case s[0].Is("primary", "unique", "foreign", "check", "exclude") && len(s) > 1 && s[1].Is("key", "("),
		s.Starts("exclude"):
		return d.constraint(s)
	}
	return d.column(s)
}

// like reads LIKE parent [{INCLUDING | EXCLUDING} DEFAULTS].
func (d *definition) like(s lex.Statement) error {
	r, i, err := s.ReferenceAt(1)
	if err != nil {
		return err
	}
	part := "LIKE " + r.String()
	switch rest := s[i:]; {
	case len(rest) == 0:
	case len(rest) == 2 && rest[0].Is("including", "excluding") && rest[1].Is("defaults"):
		part += " " + rest.String()
	default:
		return failure.Near(rest[0].Text)
	}
	d.parts = append(d.parts, part)
	return nil
}

// constraint reads a key of the table. It is informational: nothing is
// enforced, but the columns of a primary key take no nulls.
func (d *definition) constraint(s lex.Statement) error {
	switch {
	case s.Starts("primary", "key"), s.Starts("unique"), s.Starts("foreign", "key"):
		open := s.Find(0, "(") // find steps over parentheses
		for i := range s {
			if open < 0 && s[i].Is("(") {
				open = i
			}
		}
		if open < 0 {
			return failure.Near(s.At(len(s)))
		}
		if s.Starts("primary") {
			for _, c := range s[open+1 : s.Closing(open)].Commas() {
				if len(c) == 0 {
					return failure.Near(")")
				}
				d.keyed = append(d.keyed, c[0].Name())
			}
		}
		return nil
	}
	return failure.New(failure.Unsupported, "%s constraints are not supported", strings.ToUpper(s.At(0)))
}

// column reads the definition of a column.
func (d *definition) column(s lex.Statement) error {
	if !s[0].Named() {
		return failure.Near(s[0].Text)
	}
	name := s[0].Name()
	if slices.Contains([]string{"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}, name) {
		return failure.New("42701", `column name "%s" conflicts with a system column name`, name)
	}
	pg, i, err := TypeAt(s, 1, d.table.Name+"."+name)
	if err != nil {
		return err
	}
	def, err := d.columnAttributes(s, i, name)
	if err != nil {
		return err
	}
	d.columns = append(d.columns, name)
	d.parts = append(d.parts, lex.Quote(name)+" "+pg+def)
	return nil
}

// columnAttributes reads what stands behind a column's type, and returns what
// of it PostgreSQL shall see.
func (d *definition) columnAttributes(s lex.Statement, i int, name string) (def string, err error) {
	for i < len(s) {
		rest := s[i:]
		switch {
		case rest.Starts("not", "null"):
			def, i = def+" NOT NULL", i+2
		case rest.Starts("null"):
			i++
		case rest.Starts("encode") && len(rest) > 1:
			if err := checkEncoding(rest[1]); err != nil {
				return "", err
			}
			i += 2
		case rest.Starts("distkey"):
			d.keys.dist, i = name, i+1
		case rest.Starts("sortkey"):
			d.keys.sort, i = append(d.keys.sort, name), i+1
		case rest.Starts("collate") && len(rest) > 1:
			i += 2
		case rest.Starts("primary", "key"):
			def, i = def+" NOT NULL", i+2
		case rest.Starts("unique"):
			i++
		case rest.Starts("references"):
			if _, i, err = s.ReferenceAt(i + 1); err != nil {
				return "", err
			}
			if i < len(s) && s[i].Is("(") {
				i = s.Closing(i) + 1
			}
		case rest.Starts("identity") || rest.Starts("generated", "by", "default", "as", "identity"):
			more, n, err := identity(rest)
			if err != nil {
				return "", err
			}
			def, i = def+more, i+n
		case rest.Starts("default"):
			value, n, err := defaultValue(rest[1:])
			if err != nil {
				return "", err
			}
			def, i = def+" DEFAULT "+value, i+1+n
		case rest.Starts("check"):
			return "", failure.New(failure.Unsupported, "CHECK constraints are not supported")
		default:
			return "", failure.Near(rest[0].Text)
		}
	}
	return def, nil
}

// identity reads IDENTITY(seed, step).
func identity(s lex.Statement) (def string, n int, err error) {
	def = " GENERATED ALWAYS AS IDENTITY"
	if s.Starts("generated") {
		def, n = " GENERATED BY DEFAULT AS IDENTITY", 4
	}
	n++
	if n >= len(s) || !s[n].Is("(") {
		return "", n, failure.Near(s.At(n))
	}
	end := s.Closing(n)
	parts := s[n+1 : min(end, len(s))].Commas()
	if len(parts) != 2 {
		return "", n, failure.Near(")")
	}
	def += " (START WITH " + parts[0].String() + " INCREMENT BY " + parts[1].String() + " MINVALUE -2147483647)"
	return def, end + 1, nil
}

// defaultValue reads the expression behind DEFAULT up to the next attribute.
func defaultValue(s lex.Statement) (string, int, error) {
	n := s.Find(0, "encode", "distkey", "sortkey", "collate", "primary", "unique", "references", "identity",
		"generated", "check", "constraint")
	if not := s.Find(0, "not"); not >= 0 && (n < 0 || not < n) {
		n = not
	}
	if n < 0 {
		n = len(s)
	}
	if n > 1 && s[n-1].Is("null") { // DEFAULT 1 NULL
		n--
	}
	value, err := expression(s[:n])
	return value.String(), n, err
}

func checkEncoding(t lex.Token) error {
	known := []string{"auto", "raw", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32",
		"runlength", "text255", "text32k", "zstd", "none"}
	if !t.Is(known...) {
		return failure.New(failure.BadParameter, `invalid encoding type specified: %s`, t.Text)
	}
	return nil
}

// attributes reads what stands behind the columns: how the table is laid out.
func (d *definition) attributes(s lex.Statement) error {
	for i := 0; i < len(s); {
		rest := s[i:]
		switch {
		case rest.Starts("backup") && len(rest) > 1 && rest[1].Is("yes", "no"), rest.Starts("encode", "auto"):
			i += 2
		case rest.Starts("diststyle") && len(rest) > 1 && rest[1].Is("auto", "even", "key", "all"):
			d.keys.style, i = strings.ToUpper(rest[1].Text), i+2
		case rest.Starts("distkey", "("):
			end := rest.Closing(1)
			d.keys.dist, i = rest[2].Name(), i+end+1
		case rest.Starts("sortkey", "auto"):
			i += 2
		case rest[0].Is("compound", "interleaved") && len(rest) > 1 && rest[1].Is("sortkey"):
			d.keys.sortStyle, i = strings.ToUpper(rest[0].Text), i+1
		case rest.Starts("sortkey", "("):
			end := rest.Closing(1)
			for _, c := range rest[2:min(end, len(rest))].Commas() {
				if len(c) == 0 {
					return failure.Near(")")
				}
				d.keys.sort = append(d.keys.sort, c[0].Name())
			}
			i += end + 1
		default: // ON COMMIT, WITH, INHERITS, PARTITION BY, TABLESPACE
			return failure.Near(rest[0].Text)
		}
	}
	return nil
}
