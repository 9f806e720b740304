package control

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/control/versioned"
)

// A Query is what a part reads. It is written as SOQL only where it is sent, and
// changed as what it is: no text is cut apart.
type Query struct {
	Object  string   `json:"object,omitempty"`
	Fields  []string `json:"fields,omitempty"` // API names, in this order
	Where   []string `json:"where,omitempty"`  // conditions, all of which have to hold
	IDs     []string `json:"ids,omitempty"`    // the records, where they are few and known: Where doesn't hold then
	Least   string   `json:"least,omitempty"`  // the first of the Ids, "" where they have no beginning
	Below   string   `json:"below,omitempty"`  // the first Id after them, "" where they have no end
	OrderBy string   `json:"order_by,omitempty"`
	Limit   int      `json:"limit,omitzero"`
}

// alike tells whether two queries ask the same of different records.
func (q Query) alike(o Query) bool {
	return q.Object == o.Object && slices.Equal(q.Fields, o.Fields) && slices.Equal(q.Where, o.Where) &&
		q.OrderBy == o.OrderBy && q.Limit == o.Limit
}

// A textPart is what a part said of its query while that was a text.
type textPart struct {
	SOQL    string   `json:"soql"`
	Columns []string `json:"columns"`
	IDs     []string `json:"ids"`
	Least   string   `json:"least"`
	Below   string   `json:"below"`
	Of      string   `json:"of"`
	Name    string   `json:"name"`
}

// query takes the text apart, for the last time.
func (p textPart) query() (Query, error) {
	q := Query{Fields: p.Columns, IDs: p.IDs, Least: p.Least, Below: p.Below}
	if p.SOQL == "" { // Ids that were found to be gone: nobody asks for them
		return q, nil
	}
	rest, ok := strings.CutPrefix(p.SOQL, "SELECT "+strings.Join(p.Columns, ", ")+" FROM ")
	if !ok {
		return q, fmt.Errorf("read the query of part %s: it doesn't begin with its fields", p.Name)
	}
	if tail := regexp.MustCompile(` ORDER BY (\w+) LIMIT (\d+)$`).FindStringSubmatch(rest); tail != nil {
		rest = strings.TrimSuffix(rest, tail[0])
		q.OrderBy = tail[1]
		q.Limit, _ = strconv.Atoi(tail[2]) // digits
	}
	var where string
	var filtered bool
	q.Object, where, filtered = strings.Cut(rest, " WHERE ")
	if filtered {
		q.Where = []string{where}
	}
	return q, nil
}

// takeQueriesApart makes values of the queries that parts had as texts.
func takeQueriesApart(ctx context.Context, t versioned.Table) error {
	for row, err := range t.List(ctx, kindAttempt, "") {
		if err != nil {
			return fmt.Errorf("list the attempts: %w", err)
		}
		old, err := decode[struct {
			Parts []textPart `json:"parts"`
		}](row)
		if err != nil {
			return err
		}
		a, err := decode[Attempt](row)
		if err != nil {
			return err
		}
		changed := false
		for i, p := range old.Parts {
			if len(p.Columns) == 0 && p.Of != "" { // it stands in the part that it was split off
				at := slices.IndexFunc(old.Parts, func(of textPart) bool { return of.Name == p.Of })
				if at >= 0 {
					p.SOQL, p.Columns = old.Parts[at].SOQL, old.Parts[at].Columns
				}
			}
			if p.SOQL == "" && len(p.Columns) == 0 { // taken apart by an earlier try
				continue
			}
			if a.Parts[i].Query, err = p.query(); err != nil && a.State.Open() {
				return fmt.Errorf("attempt %s: %w", a.ID, err)
			}
			changed = true
		}
		if !changed {
			continue
		}
		if _, err := write(ctx, t, row, a); err != nil {
			return err
		}
	}
	return nil
}
