// Package merger has the words for who merges what is staged in a lake: this program, or a Spark that is started for
// it. It does nothing itself.
package merger

import "time"

// Merger says who merges, and how Spark is started.
type Merger struct {
	By       Who
	Start    []string      // a program and its arguments; the script's path, and what it needs, are put behind them
	Patience time.Duration // how long a merge of Spark's may take
}

// Who does it.
type Who string

// Who may merge.
const (
	Go    Who = "go"
	Spark Who = "spark"
	Auto  Who = "auto" // whichever is taken to be quicker at that size
)
