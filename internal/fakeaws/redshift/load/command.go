// Package load is COPY: what the statement says, the objects of S3 that it
// names, and the rows in them.
package load

import (
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
	"catchment/internal/fakeaws/redshift/lex"
)

// A Command is COPY, read (Developer Guide, "COPY").
type Command struct {
	Table   lex.Reference
	columns []string // empty: all but identities
	from    string   // s3://bucket/key
	allowed bool     // it says how it may read S3

	manifest, gzip, csv bool
	delimiter, quote    byte
	header              int
	maxError            int
	null                string

	acceptAnyDate, acceptInvalid, blanksAsNull, emptyAsNull, explicitIDs     bool
	fillRecord, ignoreBlankLines, noLoad, roundDecimals, trimBlanks, cutLong bool

	replacement byte
	date, time  string // "auto", a format or "" for the default one
}

// Read reads COPY.
func Read(s lex.Statement) (*Command, error) {
	c := &Command{delimiter: '|', quote: '"', null: `\N`, replacement: '?'}
	var err error
	i := 0
	if c.Table, i, err = s.ReferenceAt(1); err != nil {
		return nil, err
	}
	if i < len(s) && s[i].Is("(") {
		end := s.Closing(i)
		for _, name := range s[i+1 : min(end, len(s))].Commas() {
			if len(name) != 1 || !name[0].Named() {
				return nil, failure.Near(name.String())
			}
			c.columns = append(c.columns, name[0].Name())
		}
		i = end + 1
	}
	if i+1 >= len(s) || !s[i].Is("from") {
		return nil, failure.Near(s.At(i))
	}
	if s[i+1].Kind != lex.Text {
		return nil, badSource()
	}
	c.from = s[i+1].Value()
	if err := c.options(s[i+2:]); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check finds what doesn't go together.
func (c *Command) check() error {
	switch {
	case !strings.HasPrefix(c.from, "s3://"):
		return badSource()
	case !c.allowed:
		return failure.New(failure.Internal, "Invalid credentials. Must be of the format: "+
			"credentials 'aws_iam_role=...' or 'aws_access_key_id=...;aws_secret_access_key=...[;token=...]'")
	}
	return nil
}

func badSource() error {
	return failure.New(failure.Unsupported,
		"LOAD source is not supported. (Hint: only S3 or DynamoDB or EMR based load is allowed)")
}

// flags are the options that stand alone.
func (c *Command) flags() map[string]*bool {
	return map[string]*bool{
		"manifest": &c.manifest, "gzip": &c.gzip, "acceptanydate": &c.acceptAnyDate, "blanksasnull": &c.blanksAsNull,
		"emptyasnull": &c.emptyAsNull, "explicit_ids": &c.explicitIDs, "fillrecord": &c.fillRecord,
		"ignoreblanklines": &c.ignoreBlankLines, "noload": &c.noLoad, "roundec": &c.roundDecimals,
		"trimblanks": &c.trimBlanks, "truncatecolumns": &c.cutLong,
	}
}

// beyond are options of Redshift's that the stand-in doesn't have.
func beyond() []string {
	return []string{"avro", "json", "parquet", "orc", "shapefile", "fixedwidth", "bzip2", "lzop", "zstd", "encrypted",
		"escape", "removequotes", "ssh", "readratio"}
}

// options reads what stands behind the address, in any order.
func (c *Command) options(s lex.Statement) error {
	flags := c.flags()
	for i := 0; i < len(s); {
		if !s[i].Named() {
			return failure.Near(s[i].Text)
		}
		name := s[i].Name()
		if flag, ok := flags[name]; ok {
			*flag, i = true, i+1
			continue
		}
		if slices.Contains(beyond(), name) {
			return failure.Cannot("COPY ... %s", strings.ToUpper(name))
		}
		n, err := c.option(name, s[i+1:])
		if err != nil {
			return err
		}
		i += 1 + n
	}
	return nil
}

// option reads the option name, whose values rest starts with, and says how
// many tokens they take.
func (c *Command) option(name string, rest lex.Statement) (n int, err error) {
	if rest.Starts("as") {
		n, err = c.option(name, rest[1:])
		return n + 1, err
	}
	given := len(rest) > 0 && rest[0].Kind == lex.Text
	value := ""
	if given {
		value = rest[0].Value()
	}
	switch name {
	case "format":
		return 0, nil
	case "csv":
		c.csv, c.delimiter = true, ','
		return 0, nil
	case "compupdate", "statupdate":
		if len(rest) > 0 && rest[0].Is("on", "off", "true", "false", "preset") {
			return 1, nil
		}
		return 0, nil
	case "iam_role":
		c.allowed = given && strings.HasPrefix(value, "arn:") || len(rest) > 0 && rest[0].Is("default")
		return 1, nil
	case "acceptinvchars":
		c.acceptInvalid = true
		if given && len(value) == 1 {
			c.replacement = value[0]
		}
		return one(given), nil
	case "ignoreheader":
		c.header, err = count(rest)
		return 1, err
	case "maxerror":
		c.maxError, err = count(rest)
		return 1, err
	case "comprows":
		_, err = count(rest)
		return 1, err
	}
	if !given {
		return 0, failure.Near(name)
	}
	return 1, c.given(name, value)
}

// given reads an option whose value is a text.
func (c *Command) given(name, value string) error {
	switch name {
	case "credentials", "access_key_id":
		c.allowed = true
	case "secret_access_key", "session_token", "region":
	case "delimiter", "quote":
		if len(value) != 1 {
			return failure.New(failure.BadParameter, "COPY %s must be a single ASCII character", name)
		}
		if name == "quote" {
			c.quote = value[0]
		} else {
			c.delimiter = value[0]
		}
	case "null":
		c.null = value
	case "dateformat":
		c.date = value
	case "timeformat":
		c.time = value
	case "encoding":
		if !strings.EqualFold(value, "utf8") {
			return failure.Cannot("COPY ... ENCODING %s", value)
		}
	default:
		return failure.Near(name)
	}
	return nil
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func count(s lex.Statement) (int, error) {
	if len(s) == 0 {
		return 0, failure.Near("")
	}
	n, err := strconv.Atoi(strings.Trim(s[0].Text, "'"))
	if err != nil {
		return 0, failure.Near(s[0].Text)
	}
	return n, nil
}

// Fills are the columns that the fields go into, in their order, of all that
// the table has.
func (c *Command) Fills(all []*Column) ([]*Column, error) {
	named := map[string]*Column{}
	var order []string
	for _, t := range all {
		named[t.Name] = t
		if !t.Identity || c.explicitIDs {
			order = append(order, t.Name)
		}
	}
	if len(c.columns) > 0 {
		order = c.columns
	}
	var fills []*Column
	for _, name := range order {
		if named[name] == nil {
			return nil, failure.New("42703", `column "%s" of relation "%s" does not exist`, name, c.Table.Name)
		}
		fills = append(fills, named[name])
	}
	return fills, nil
}
