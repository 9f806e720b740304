package warehouse

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// A Known is what the warehouse remembers of a field that it has copied, also
// of one that is gone since.
type Known struct {
	Field, Column, Label, Type string
}

// A Past is what a flow's tables were before: the columns of the final table,
// none where there isn't one yet, and the fields that were ever copied there.
type Past struct {
	Columns []string
	Fields  []Known
}

// Adapt gives the columns of t the names and kinds that the table in the
// warehouse has for them, so that a field has the same column on every run:
//   - a column takes a wider number where the field has become one, and stays
//     wide where the field is narrower now;
//   - a field whose values its column can't take gets another one beside it;
//   - names that collide, or are longer than the warehouse allows, get a suffix
//     made of the field's own name.
//
// It changes nothing: Prepare does.
func (w *shaper) Adapt(ctx context.Context, t Table) (Table, Past, error) {
	var past Past
	var has []stored
	t.Name = shorten(w.d.LongestName, t.Name, t.Object)
	err := w.driver.View(ctx, func(tx Tx) error {
		past, has = Past{}, nil
		memory, err := storedColumns(ctx, tx, w.o.Schema, tableFields)
		if err != nil || len(memory) == 0 {
			return err
		}
		if has, err = storedColumns(ctx, tx, w.o.Schema, t.Name); err != nil {
			return err
		}
		past.Columns = payload(has)
		return tx.Query(ctx, func(scan Scan) error {
			var k Known
			err := scan(&k.Field, &k.Column, &k.Label, &k.Type)
			past.Fields = append(past.Fields, k)
			return err
		}, "SELECT field, column_name, coalesce(label, ''), coalesce(type, '') FROM "+
			w.d.Table(w.o.Schema, tableFields)+
			" WHERE object = $1 ORDER BY field", t.Object)
	})
	if err != nil {
		return t, past, fmt.Errorf("look at the columns of %s: %w", t.Name, err)
	}
	names := columnNames(t)
	for _, k := range past.Fields {
		names = append(names, k.Column)
	}
	return adapt(w.d, t, w.d.finished(has, names), past.Fields), past, nil
}

// adapt is Adapt for a table that has these columns.
func adapt(d *Dialect, t Table, has []stored, known []Known) Table {
	taken := map[string]string{} // by which field
	for _, k := range known {
		taken[strings.ToLower(k.Column)] = strings.ToLower(k.Field)
	}
	columns := slices.Clone(t.Columns)
	for i, c := range columns {
		before := known
		if slices.Contains(t.renamed, c.Name) { // by the flow: what it was called before doesn't count
			before = nil
		}
		for _, name := range d.namesFor(c, before, taken) {
			kind, fits := c.Kind, true
			if old, made := find(has, name); made {
				kind, fits = d.takes(old, c.Kind)
			}
			if fits {
				columns[i].Name, columns[i].Kind = name, kind
				break
			}
		}
		taken[columns[i].Name] = strings.ToLower(c.Field)
		if columns[i].Name != c.Name {
			for k, key := range t.Key {
				if key == c.Name {
					t.Key = slices.Clone(t.Key)
					t.Key[k] = columns[i].Name
				}
			}
		}
	}
	t.Columns = columns
	return t
}

// namesFor lists the names that a column may have, the best first: the one that
// it had, the plain one unless another field has that, and one with its type.
func (d *Dialect) namesFor(c Column, known []Known, taken map[string]string) []string {
	var names []string
	for _, k := range known {
		if strings.EqualFold(k.Field, c.Field) {
			names = append(names, k.Column)
		}
	}
	plain := shorten(d.LongestName, c.Name, c.Field)
	if by := taken[plain]; by != "" && by != strings.ToLower(c.Field) {
		plain = shorten(d.LongestName, c.Name+"_"+digest(c.Field), c.Field)
	}
	return append(names, plain, shorten(d.LongestName, plain+"_"+string(c.Kind), c.Field+" "+string(c.Kind)))
}

// takes tells as what kind a column that the warehouse has can take values of
// kind k, if it can or can be made to.
func (d *Dialect) takes(has stored, k Kind) (Kind, bool) {
	if d.stores(has.Type, k) {
		return k, true
	}
	numbers := numbers()
	as := slices.IndexFunc(numbers, func(n Kind) bool { return d.stores(has.Type, n) })
	wants := slices.Index(numbers, k)
	if as < 0 || wants < 0 {
		return k, false
	}
	return numbers[max(as, wants)], true
}

// shorten cuts a name to what a warehouse has room for, 0 bytes being any
// number, and keeps it apart from other names of the same beginning by a digest
// of what it stands for.
func shorten(longest int, name, of string) string {
	if longest == 0 || len(name) <= longest {
		return name
	}
	return strings.ToValidUTF8(name[:longest-7], "") + "_" + digest(of)
}

// digest is six digits that are the same whenever a name is.
func digest(name string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.ToLower(name))))[:6]
}
