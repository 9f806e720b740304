package planning

import (
	"context"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/forecast"
	"catchment/internal/plan"
	"catchment/internal/salesforce/soql"
)

// weigh finds out what the plan would lose, free and cost.
func (m *making) weigh(ctx context.Context) error {
	if err := m.findLosses(ctx); err != nil {
		return err
	}
	if err := m.measure(ctx); err != nil {
		return err
	}
	limits, err := m.Org.Limits(ctx)
	if err != nil {
		return err
	}
	m.binRoom = forecast.BinRoom(limits["DataStorageMB"].Max)
	return m.lookIntoBin(ctx)
}

// measure reads how long the texts are of records that take as much as they say.
func (m *making) measure(ctx context.Context) error {
	going := m.result.going()
	for at, o := range m.graph.Objects {
		if !o.Copied || !forecast.Measured(o.Name) || len(going[at]) == 0 {
			continue
		}
		var fields []string
		for _, name := range []string{"TextBody", "HtmlBody"} {
			if f, ok := o.Field(name); ok {
				fields = append(fields, f.Name)
			}
		}
		err := m.texts(ctx, o, fields, m.graph.IDs(going[at]), func(id string, bytes int64) {
			if n, ok := m.graph.Find(id); ok {
				m.result.content[n] = bytes
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lookIntoBin counts what the recycle bin holds of the plan's objects.
func (m *making) lookIntoBin(ctx context.Context) error {
	var questions []string
	for _, o := range m.graph.Objects {
		if _, ok := o.Field("IsDeleted"); ok && o.Name != closure.Link {
			q := soql.Select{Fields: []string{"COUNT()"}, From: o.Name, Where: []soql.Condition{"IsDeleted = true"}}
			questions = append(questions, q.String())
		}
	}
	counted, err := m.reader.CountEach(ctx, questions)
	if err != nil {
		return err
	}
	for _, c := range counted {
		if c.Err != nil && plan.ClassOf(c.Err) != plan.Fix {
			return c.Err
		}
		m.bin += c.Records
	}
	return nil
}
