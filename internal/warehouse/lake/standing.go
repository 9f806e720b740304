package lake

import (
	"encoding/json"
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
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
}

// A done attempt is one that was consolidated.
type done struct {
	Attempt string
	Counts  warehouse.Counts
}

// standingOf reads a final table's standing; a table of somebody else has none.
func standingOf(t *table.Table) (standing, bool, error) {
	text, has := t.Properties()[keyStanding]
	if !has {
		return standing{}, false, nil
	}
	var s standing
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		name := t.Identifier()
		return standing{}, false, fmt.Errorf("property %s of %s.%s: %w", keyStanding, name[0], name[1], err)
	}
	return s, true, nil
}

// properties is the standing as a commit writes it, in the summary and in the table.
func (s standing) properties() (iceberg.Properties, error) {
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return iceberg.Properties{keyStanding: string(text)}, nil
}

// holds tells whether a runner may still write: nobody has a newer fence (invariant 7).
func (s standing) holds(f warehouse.Fence) error {
	if s.Mark.Fence > f.Number {
		return warehouse.ErrFenced
	}
	return nil
}
