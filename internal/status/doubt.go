package status

import "time"

// A Doubt is why the watermark of a flow is not proven, whatever its window was.
type Doubt struct {
	Hint  string    `json:"hint"`
	Kind  string    `json:"kind"`
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}
