package lakes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
)

const (
	final   = "salesforce"
	staging = "salesforce_incremental"
	// flows is what other warehouses keep marks in. Here final tables say what it says.
	flows = "_catchment_flow"
)

// eyes read a lake by iceberg-go's own scan.
type eyes struct{ *Lake }

// find is a table; nil where it isn't there.
func (l *Lake) find(schema, name string) (*table.Table, error) {
	t, err := l.in.Catalog.LoadTable(context.Background(), table.Identifier{schema, name})
	if errors.Is(err, catalog.ErrNoSuchTable) {
		return nil, nil
	}
	return t, err
}

func (e eyes) Columns(name string) ([]string, error) {
	t, err := e.find(final, name)
	if t == nil || err != nil {
		return nil, err
	}
	fields := t.Schema().Fields()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names, nil
}

func (e eyes) Rows(schema, name string, of ...string) ([][]*string, error) {
	if name == flows {
		return e.flows(of)
	}
	t, err := e.find(schema, name)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, fmt.Errorf("there is no table %s.%s", schema, name)
	}
	return scan(t, of)
}

// scan reads columns of the rows that a table has now, or had in the snapshot that an option names.
func scan(t *table.Table, of []string, o ...table.ScanOption) (rows [][]*string, err error) {
	ctx := context.Background()
	if t.CurrentSnapshot() == nil {
		return nil, nil
	}
	o = append(o, table.WithSelectedFields(of...), table.WithMaxConcurrency(1))
	schema, batches, err := t.Scan(o...).ToArrowRecords(ctx)
	if err != nil {
		return nil, err
	}
	for batch, err := range batches {
		if err != nil {
			return nil, err
		}
		for i := range int(batch.NumRows()) {
			row := make([]*string, len(of))
			for c, name := range of {
				at := schema.FieldIndices(name)
				if len(at) != 1 {
					return nil, fmt.Errorf("%s isn't one column", name)
				}
				if text, is := columns.Text(batch.Column(at[0]), i); is {
					row[c] = &text
				}
			}
			rows = append(rows, row)
		}
		batch.Release()
	}
	return rows, nil
}

// A stand is what a final table, or a snapshot of it, says of its flow.
type stand struct {
	Mark struct {
		Flow, Grade, Watermark, Attempt string
		Generation                      int64
	}
}

// standIn reads what properties or a summary say.
func standIn(text string) (s stand, err error) {
	return s, json.Unmarshal([]byte(text), &s)
}

// column is one of the table of flows, as others have it.
func (s stand) column(name string) *string {
	text := map[string]string{"flow": s.Mark.Flow, "grade": s.Mark.Grade, "watermark": s.Mark.Watermark,
		"generation": strconv.FormatInt(s.Mark.Generation, 10)}[name]
	if name == "watermark" && text == never {
		return nil
	}
	return &text
}

// never is the time at which a flow is that has nothing yet.
const never = "0001-01-01T00:00:00Z"

func (e eyes) flows(of []string) (rows [][]*string, err error) {
	err = e.each(final, func(t *table.Table) error {
		text := t.Properties()["catchment.standing"]
		if text == "" {
			return nil
		}
		s, err := standIn(text)
		row := make([]*string, len(of))
		for i, name := range of {
			row[i] = s.column(name)
		}
		rows = append(rows, row)
		return err
	})
	return rows, err
}

// each calls back with the tables of a schema.
func (l *Lake) each(schema string, do func(*table.Table) error) error {
	for name, err := range l.in.Catalog.ListTables(context.Background(), table.Identifier{schema}) {
		if errors.Is(err, catalog.ErrNoSuchNamespace) {
			return nil
		}
		if err != nil {
			return err
		}
		t, err := l.find(schema, name[len(name)-1])
		if err == nil && t != nil {
			err = do(t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e eyes) Staged(name string) (rows, pages int, err error) {
	open := map[string]bool{}
	err = e.each(staging, func(t *table.Table) error {
		for _, attempt := range ledger.Attempts(t.Properties()) {
			l, err := ledger.Read(t.Properties(), attempt)
			if err != nil {
				return err
			}
			n, _ := l.Count()
			pages, open[attempt] = pages+int(n), true
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	all, err := e.Rows(staging, name, columns.Attempt)
	for _, row := range all {
		if row[0] != nil && open[*row[0]] {
			rows++
		}
	}
	return rows, pages, err
}
