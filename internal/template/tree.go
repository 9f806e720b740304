package template

import (
	"slices"
	"strings"
)

// A node is one value of a file, with its line, whatever the file is written in.
// A function of CloudFormation is a node too, in its short form (!Ref) as in its
// long one.
type node struct {
	line  int
	kind  kind
	text  string // of a scalar; of what is unknown: why
	pairs []pair // of a map, in order
	list  []*node
	call  string // of a function: "Ref", "Sub"
	arg   *node
	open  bool // a parameter gave it: it may be another the next time
}

type pair struct {
	key   string
	line  int
	value *node
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

func unsure(line int, why string) *node { return &node{line: line, kind: unknown, text: why} }

// get finds a value of a map by its name, nil where there is none.
func (n *node) get(name string) *node { return n.where(func(key string) bool { return key == name }) }

// find finds a value in maps within each other by names that AWS gave. It writes
// them as TaskType, as taskType and as task_type; null is as if it weren't there.
func (n *node) find(names ...string) *node {
	for _, name := range names {
		n = n.where(func(key string) bool { return folded(key) == folded(name) })
	}
	if n != nil && n.kind == empty {
		return nil
	}
	return n
}

func (n *node) where(is func(key string) bool) *node {
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
func textOf(n *node) string {
	if n == nil || n.kind != scalar {
		return ""
	}
	return n.text
}

func (n *node) isMap() bool  { return n != nil && n.kind == mapping }
func (n *node) isList() bool { return n != nil && n.kind == sequence }
func (n *node) isOpen() bool { return n != nil && n.open }

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
