package lake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
)

// keyFlow begins the properties of the registry that have a line of a flow each.
const keyFlow = "catchment.flow."

// A line is what the registry says of a flow: whose it is, and which table. What else is known of it the final table
// says, once there is one; until then the line does.
type line struct {
	Mark  warehouse.Mark
	Made  bool // its final table was made: one that isn't there was dropped
	Clear bool // another org took it over, and nothing is to be left of the one before
}

// lines reads the registry.
func lines(t *table.Table) (map[string]line, error) {
	all := map[string]line{}
	for key, text := range t.Properties() {
		flow, is := strings.CutPrefix(key, keyFlow)
		if !is {
			continue
		}
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, fmt.Errorf("property %s of %s: %w", key, own.Flow, err)
		}
		all[flow] = l
	}
	return all, nil
}

// registered reads the lines of all flows; none where nobody has made the registry yet.
func (s *site) registered(ctx context.Context) (map[string]line, error) {
	t, err := s.Find(ctx, s.own(own.Flow))
	if errors.Is(err, tables.ErrNone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return lines(t)
}

// register changes lines of the registry, all of them or none. change is asked again where somebody else was first.
func (s *site) register(
	ctx context.Context, change func(context.Context, map[string]line) (map[string]line, error),
) error {
	_, err := s.Commit(ctx, s.own(own.Flow), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		has, err := lines(t)
		if err != nil {
			return nil, err
		}
		fresh, err := change(ctx, maps.Clone(has))
		if err != nil || len(fresh) == 0 {
			return nil, err
		}
		c := &tables.Change{Properties: iceberg.Properties{}}
		for flow, l := range fresh {
			text, err := json.Marshal(l)
			if err != nil {
				return nil, err
			}
			c.Properties[keyFlow+flow] = string(text)
		}
		return c, nil
	})
	return err
}

// enter writes one line.
func (s *site) enter(ctx context.Context, flow string, change func(line) line) error {
	return s.register(ctx, func(_ context.Context, all map[string]line) (map[string]line, error) {
		l := change(all[flow])
		if l == all[flow] {
			return nil, nil
		}
		return map[string]line{flow: l}, nil
	})
}

// marks are what the registry by itself says of all flows, in order of their names.
func marksOf(all map[string]line) []warehouse.Mark {
	var marks []warehouse.Mark
	for _, l := range all {
		marks = append(marks, l.Mark)
	}
	slices.SortFunc(marks, func(a, b warehouse.Mark) int { return cmp.Compare(a.Flow, b.Flow) })
	return marks
}

// over is the mark of a flow whose final table stands so, and tells whether the table has to follow the registry:
// another org took it over, or a run claimed it while it was being made.
func (l line) over(stands standing) (m warehouse.Mark, behind bool) {
	m = stands.Mark
	m.Fence = max(m.Fence, l.Mark.Fence)
	if !l.ahead(m) {
		return m, m.Fence > stands.Mark.Fence
	}
	m.Org, m.Generation = l.Mark.Org, l.Mark.Generation
	m.Watermark, m.Grade, m.Memory = time.Time{}, "", ""
	if l.Clear {
		m.Rows, m.SyncedAt, m.Newest = 0, time.Time{}, time.Time{}
	}
	return m, true
}

// ahead tells whether a mark is of another org than the line, or of an older generation.
func (l line) ahead(m warehouse.Mark) bool {
	return l.Mark.Org != m.Org || l.Mark.Generation > m.Generation
}

// takenBy is the line of a flow that another org takes over.
func (l line) takenBy(org string, m warehouse.Mark, drop bool) line {
	m.Org, m.Fence, m.Generation = org, m.Fence+1, m.Generation+1
	m.Watermark, m.Grade, m.Memory = time.Time{}, "", ""
	if drop {
		m.Rows, m.SyncedAt, m.Newest = 0, time.Time{}, time.Time{}
	}
	return line{Mark: m, Made: l.Made, Clear: l.Clear || drop}
}
