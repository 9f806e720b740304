package pubsub

import (
	"encoding/hex"
	"fmt"

	"catchment/internal/plan"
)

// positionAtMost is in bytes; Salesforce's have 10 today.
const positionAtMost = 256

// A Position is a place in a stream: what comes after it, comes next. It is Salesforce's replay id, which has no
// order and no parts, and is kept for 72 hours. The zero Position is none.
type Position string

// ParsePosition reads what String wrote.
func ParsePosition(text string) (Position, error) {
	bytes, err := hex.DecodeString(text)
	if err != nil || len(bytes) == 0 || len(bytes) > positionAtMost {
		return "", plan.Fixf("take one as catchment events prints it, or the word earliest",
			"that is no position: positions are written in hex")
	}
	return Position(bytes), nil
}

func (p Position) String() string { return hex.EncodeToString([]byte(p)) }

// A Start is where a subscription begins. It has no default: who doesn't say where begins nowhere.
type Start struct {
	preset preset
	after  Position
}

type preset int

const (
	nowhere preset = iota
	tip
	earliest
	position
)

// After begins behind a position.
func After(p Position) Start { return Start{position, p} }

// Earliest begins with the oldest event that Salesforce still has.
func Earliest() Start { return Start{preset: earliest} }

// Tip begins with what comes next. Until a subscription has said its first position, what it misses is lost
// (Lost, without a Position): a copy never begins here.
func Tip() Start { return Start{preset: tip} }

// Lost is the error of a subscription that can't go on where it was: its position is too old, or is none of this
// org, or it never had one. Nobody knows what came between: read the records, and subscribe anew.
type Lost struct {
	Position Position // "" where it never had one
	Err      error    // what Salesforce said
}

func (l *Lost) Error() string {
	if l.Position == "" {
		return fmt.Sprintf("the stream broke off before it had said a position: %v", l.Err)
	}
	return fmt.Sprintf("the position %s is lost: %v", l.Position, l.Err)
}

// Unwrap gives what Salesforce said.
func (l *Lost) Unwrap() error { return l.Err }

// lost is the error of a lost position, of class Fix whatever it came from.
func lost(at Position, err error) error {
	return &plan.Failure{Class: plan.Fix, Hint: lostHint, Err: &Lost{Position: at, Err: err}}
}
