package soql

import (
	"strings"

	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A scope is where the names of one query are looked up: each leads from its
// object, perhaps by way of an alias.
type scope struct {
	*catalog
	entity  *Entity
	aliases map[string][]string // in lower case, to the relationships that they stand for
}

// newScope is the scope of a query about an object.
func newScope(c *catalog, q *syntax.Query, entity *Entity) (*scope, *refusal.Error) {
	s := &scope{catalog: c, entity: entity, aliases: map[string][]string{}}
	if alias := q.From.Alias; alias != "" {
		s.aliases[strings.ToLower(alias)] = []string{}
	}
	for _, parent := range q.Parents {
		if err := s.addParent(parent); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// addParent gives a further entry of FROM its meaning: it is a relationship of
// the object, or of an entry before it.
func (s *scope) addParent(parent syntax.Source) *refusal.Error {
	name := parent.Name
	if len(name.Parts) == 1 {
		return s.malformed(name.Pos, "A driving SObject type has already been set, all other entity types in the FROM "+
			"clause must be relationships to the initial object.  The driving object is %s.", s.entity.Name)
	}
	parts := s.strip(name.Parts)
	if _, err := s.follow(&Path{}, s.entity, parts, name.Pos); err != nil {
		return err
	}
	s.aliases[strings.ToLower(parent.Alias)] = parts
	return nil
}

// maxHops is how many relationships a path may follow (SOQL limits).
const maxHops = 5

// path resolves a name: each part but the last is a relationship.
func (s *scope) path(n syntax.Name) (*Path, *refusal.Error) {
	parts := s.strip(n.Parts)
	last := len(parts) - 1
	if last > maxHops {
		return nil, s.refuse(n.Pos, refusal.InvalidField,
			"the path '%s' follows more than %d relationships", n, maxHops)
	}
	p := &Path{}
	entity, err := s.follow(p, s.entity, parts[:last], n.Pos)
	if err != nil {
		return nil, err
	}
	return p, s.finish(p, entity, parts[last], n.Pos)
}

// strip replaces an alias in front of a name by what it stands for; the
// object's own name falls away.
func (s *scope) strip(parts []string) []string {
	if len(parts) == 1 {
		return parts
	}
	if relationships, ok := s.aliases[strings.ToLower(parts[0])]; ok {
		return append(relationships[:len(relationships):len(relationships)], parts[1:]...)
	}
	if _, _, ok := s.hop(s.entity, parts[0]); !ok && strings.EqualFold(parts[0], s.entity.Name) {
		return parts[1:]
	}
	return parts
}

// canonical gives the text by which the same expression is known again,
// however its names are written.
func (s *scope) canonical(e syntax.Expr) (string, *refusal.Error) {
	c, ok := e.(syntax.Call)
	if !ok {
		path, err := s.path(e.(syntax.Name))
		if err != nil {
			return "", err
		}
		return path.String(), nil
	}
	inner, err := s.canonical(c.Args[0])
	return c.Function + "(" + inner + ")", err
}
