package reading

import (
	"encoding/json"

	"catchment/internal/control"
)

// Expected is how many records parts bring, as far as it is known, and whether that is
// all: a job counts while it works, and a part without one hasn't asked yet.
func Expected(parts []*control.Part) (records int64, known bool) {
	known = true
	for _, p := range parts {
		var job struct { // what the notes of all movers have
			Done    bool  `json:"done"`
			Records int64 `json:"records"`
		}
		switch {
		case p.Loaded:
			records += p.Records
			continue
		case Nothing.Is(*p):
			continue
		case len(p.Job) == 0 || json.Unmarshal(p.Job, &job) != nil:
			known = false
			continue
		}
		if job.Records < 0 { // only its pages say
			known = false
			continue
		}
		records += job.Records
		known = known && job.Done
	}
	return records, known
}
