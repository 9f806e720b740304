package trial

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"catchment/internal/rig"
)

// What the catchment wrote down, read as JSON and by SQL.

// A planned is a record of a plan.
type planned struct {
	Type, Object, ID, Fate, Reason, Root, Parent string
	Level                                        int
	Along                                        bool
}

// plannedOf reads the records of a plan.
func plannedOf(r *rig.Rig, plan string) []planned {
	r.T.Helper()
	f, err := os.Open(filepath.Join(r.Path("stage"), "archive", plan, "plan.jsonl"))
	r.Must(err)
	defer f.Close()
	var all []planned
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var line planned
		r.Must(json.Unmarshal(lines.Bytes(), &line))
		if line.Type == "record" {
			all = append(all, line)
		}
	}
	return all
}

// A line is one of the ledger.
type line struct{ plan, object, id, state, reason, newID string }

// ended tells whether nothing more becomes of a record in this plan.
func (l line) ended() bool {
	return slices.Contains([]string{"deleted", "changed", "held", "blocked", "vanished", "failed"}, l.state)
}

// ledgerOf reads the lines of all plans; none where the table isn't there yet.
func ledgerOf(p *rig.Process) []line {
	names := []string{"plan", "object", "record_id", "state", "reason", "new_id"}
	rows, err := p.Eyes.Rows("salesforce", "_catchment_archive", names...)
	if err != nil {
		return nil
	}
	var all []line
	for _, row := range rows {
		text := func(i int) string {
			if row[i] == nil {
				return ""
			}
			return *row[i]
		}
		all = append(all, line{text(0), text(1), text(2), text(3), text(4), text(5)})
	}
	return all
}

// copiedBody tells whether the stage has a body whole, under the digest of what it holds.
func copiedBody(r *rig.Rig, b content) bool {
	text, err := os.ReadFile(filepath.Join(r.Path("stage"), "bodies", b.sha256[:2], b.sha256))
	return err == nil && digestOf(text) == b
}

// registered tells the digests that the warehouse has of an object's bodies, by Id.
func registered(p *rig.Process, object string) map[string]string {
	all := map[string]string{}
	rows, err := p.Eyes.Rows("salesforce", "_catchment_files", "object", "record_id", "sha256")
	if err != nil {
		return all
	}
	for _, row := range rows {
		if *row[0] == object && row[2] != nil {
			all[*row[1]] = *row[2]
		}
	}
	return all
}

// digestOf is what the witness says of a body.
func digestOf(text []byte) content {
	sum := sha256.Sum256(text)
	return content{hex.EncodeToString(sum[:]), len(text)}
}
