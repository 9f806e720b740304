package flow

import "fmt"

// An Imported is flows of another tool, as text for a catchment.yaml.
type Imported struct {
	Flows []ImportedFlow
	Notes []ImportNote // what isn't carried over, in the order of lines
	YAML  []byte       // the flows section
}

// An ImportedFlow says where a flow comes from.
type ImportedFlow struct {
	Object string
	Name   string // in the other tool, "" where the file doesn't tell
	Line   int
}

// An ImportNote is something that a line says and a flow can't.
type ImportNote struct {
	File string
	Line int
	Flow string // what the line belongs to, "" for the file as a whole
	Text string // why it isn't carried over, and what to do instead
}

func (n ImportNote) String() string {
	where := fmt.Sprintf("%s:%d: ", n.File, n.Line)
	if n.Flow != "" {
		where += n.Flow + ": "
	}
	return where + n.Text
}
