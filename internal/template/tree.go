package template

import (
	"slices"
	"strings"
)

// A Value is one value of a file, with its line, whatever the file is written in.
// A function of CloudFormation is a value too, in its short form (!Ref) as in its
// long one.
type Value struct {
	line  int
	kind  kind
	text  string // of a scalar; of what is unknown: why
	pairs []pair // of a map, in order
	list  []*Value
	call  string // of a function: "Ref", "Sub"
	arg   *Value
	open  bool // a parameter gave it: it may be another the next time
}

type pair struct {
	key   string
	line  int
	value *Value
}

type kind int

const (
	empty kind = iota
	scalar
	mapping
	sequence
	function
	unknown // what nobody can tell from the file
)

// Text is a text, a number or a truth. open tells that a variable had a part in it.
func Text(line int, text string, open bool) *Value {
	return &Value{line: line, kind: scalar, text: text, open: open}
}

// Null is the value that stands for none.
func Null(line int) *Value { return &Value{line: line} }

// Unknown is what nobody can tell from the file, and why.
func Unknown(line int, why string) *Value { return unsure(line, why) }

// List is a list of values.
func List(line int, values ...*Value) *Value { return &Value{line: line, kind: sequence, list: values} }

// Map is a map without entries.
func Map(line int) *Value { return &Value{line: line, kind: mapping} }

// Set puts an entry into a map.
func (n *Value) Set(key string, line int, value *Value) {
	n.pairs = append(n.pairs, pair{key, line, value})
}

// Add puts a value into the list of that name in a map.
func (n *Value) Add(key string, value *Value) {
	list := n.find(key)
	if list == nil {
		list = List(value.line)
		n.Set(key, value.line, list)
	}
	list.list = append(list.list, value)
}

// Plain is what a Text says; where it is another value, known is false, and why
// says why it is unknown.
func (n *Value) Plain() (text, why string, known bool) {
	switch {
	case n != nil && n.kind == scalar:
		return n.text, "", true
	case n != nil && n.kind == unknown:
		return "", n.text, false
	}
	return "", "", false
}

func unsure(line int, why string) *Value { return &Value{line: line, kind: unknown, text: why} }

// get finds a value of a map by its name, nil where there is none.
func (n *Value) get(name string) *Value { return n.where(func(key string) bool { return key == name }) }

// find finds a value in maps within each other by names that AWS gave. It writes
// them as TaskType, as taskType and as task_type; null is as if it weren't there.
func (n *Value) find(names ...string) *Value {
	for _, name := range names {
		n = n.where(func(key string) bool { return folded(key) == folded(name) })
	}
	if n != nil && n.kind == empty {
		return nil
	}
	return n
}

func (n *Value) where(is func(key string) bool) *Value {
	if n == nil || n.kind != mapping {
		return nil
	}
	i := slices.IndexFunc(n.pairs, func(p pair) bool { return is(p.key) })
	if i < 0 {
		return nil
	}
	return n.pairs[i].value
}

// folded is a name without its case and its underscores.
func folded(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// text is a scalar's, "" where there is none, or it is unknown.
func textOf(n *Value) string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

func (n *Value) isMap() bool  { return n != nil && n.kind == mapping }
func (n *Value) isList() bool { return n != nil && n.kind == sequence }
func (n *Value) isOpen() bool { return n != nil && n.open }

// LongestFile is how many bytes of a file are read.
const LongestFile = 32 << 20

// The most that a file may hold, so that none can use up the machine.
const (
	deepest     = 100
	longestText = 1 << 16   // that is put together of others
	mostNodes   = 1_000_000 // that are made of one file's
)

// A lineError says what is wrong with the text of a file.
type lineError struct {
	line int
	text string
}

func (e *lineError) Error() string { return e.text }
