package lake

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/tables"
)

// keyStanding is the property of a final table, and the line of its snapshots' summaries, that holds its standing.
const keyStanding = "catchment.standing"

// A standing is what a final table says of its flow. It is in the summary of the snapshot that it came with, and in
// a property of the table, set in the same commit, since others may take old snapshots away.
type standing struct {
	Mark warehouse.Mark
	// Number counts the snapshots that consolidated. What is written for the next one beforehand, under its number,
	// counts when that is there.
	Number int64
	// Done are the last attempts that were consolidated, and their counts, the newest last.
	Done []done
	// Buried are the tries of tombstones that came with this snapshot, or one before it: lines that have their
	// numbers count.
	Buried []int64 `json:",omitempty"`
	// Seen is the sequence number of the newest snapshot when somebody last looked at all rows, or read them anew: what
	// others have written until then is taken.
	Seen int64 `json:",omitempty"`
	// Back says that somebody went back to an older snapshot. It stays until all rows are read anew.
	Back bool `json:",omitempty"`
}

// look takes the table as it is: all of its rows were looked at, or are read anew.
func (s *standing) look(t *table.Table) { s.Seen = t.Metadata().LastSequenceNumber() }

// watch notes that a table was rolled back, before a snapshot of ours on top of it hides that.
func (s *standing) watch(t *table.Table) error {
	back, err := rolledBack(t, *s)
	s.Back = s.Back || back
	return err
}

// A done attempt is one that was consolidated.
type done struct {
	Attempt string
	Counts  warehouse.Counts
}

// standingOf reads a final table's standing; a table of somebody else has none.
func standingOf(t *table.Table) (standing, bool, error) {
	s, has, err := standingIn(t.Properties())
	if err != nil {
		name := t.Identifier()
		return s, false, fmt.Errorf("property %s of %s.%s: %w", keyStanding, name[0], name[1], err)
	}
	return s, has, nil
}

// standingIn reads the standing that properties or a summary hold.
func standingIn(p iceberg.Properties) (s standing, has bool, err error) {
	text, has := p[keyStanding]
	if !has {
		return s, false, nil
	}
	err = json.Unmarshal([]byte(text), &s)
	return s, err == nil, err
}

// carry has a commit write the standing: into the table's properties as a whole, and into the snapshot's summary
// without what is long and is asked for only now.
func (s standing) carry(c *tables.Change) error {
	whole, err := s.properties()
	if err != nil {
		return err
	}
	s.Done, s.Mark.Memory = nil, ""
	brief, err := s.properties()
	if err != nil {
		return err
	}
	if c.Properties == nil {
		c.Properties = iceberg.Properties{}
	}
	if c.Summary == nil {
		c.Summary = iceberg.Properties{}
	}
	maps.Copy(c.Properties, whole)
	maps.Copy(c.Summary, brief)
	return nil
}

// properties is the standing as a commit writes it.
func (s standing) properties() (iceberg.Properties, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return iceberg.Properties{keyStanding: string(text)}, nil
}

// holds tells whether a runner may still write: the table is its flow's, and nobody has a newer fence (invariant 7).
func (s standing) holds(f warehouse.Fence) error {
	if s.Mark.Flow != f.Flow || s.Mark.Fence > f.Number {
		return warehouse.ErrFenced
	}
	return nil
}
