package redshift

import (
	"catchment/internal/fakeaws/redshift/lex"
	"catchment/internal/fakeaws/redshift/translate"
)

// A command is a statement of Redshift's, ready to be done by PostgreSQL or by
// the stand-in itself.
type command struct {
	translate.Command
	local func(s *session, args []argument, to emit) error // does it instead of PostgreSQL
}

// own is a command that the stand-in does itself.
func own(tag string, do func(s *session, args []argument, to emit) error) *command {
	return &command{Command: translate.Command{Tag: tag}, local: do}
}

// An argument is a parameter as a client sent it.
type argument struct {
	value  []byte
	binary bool
	oid    uint32
}

// An ownKind says who reads statements that start with words.
type ownKind struct {
	words []string
	read  func(lex.Statement) (*command, error)
}

// ownKinds are the statements that the stand-in does itself, by their first
// words.
func ownKinds() []ownKind {
	w := func(words ...string) []string { return words }
	return []ownKind{
		{w("begin"), begin}, {w("start", "transaction"), begin},
		{w("commit"), commit}, {w("end"), commit},
		{w("rollback"), rollback}, {w("abort"), rollback},
		{w("truncate"), truncate}, {w("copy"), copyFrom}, {w("call"), call},
		{w("create", "procedure"), createProcedure}, {w("create", "or", "replace", "procedure"), createProcedure},
	}
}

// read turns a statement into a command, or refuses it as Redshift does.
func read(s lex.Statement) (*command, error) {
	if err := translate.Check(s); err != nil {
		return nil, err
	}
	for _, k := range ownKinds() {
		if s.Starts(k.words...) {
			return k.read(s)
		}
	}
	t, err := translate.Statement(s)
	if err != nil {
		return nil, err
	}
	c := &command{Command: *t}
	if t.Nothing() {
		c.local = func(*session, []argument, emit) error { return nil }
	}
	return c, nil
}
