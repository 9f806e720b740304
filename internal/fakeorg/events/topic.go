package events

import (
	"slices"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// allEntities is the channel of all entities that are selected.
const allEntities = "ChangeEvents"

// A Topic is what somebody subscribes to.
type Topic struct {
	Name     string
	Entities []string // whose events it has; nil: of all that are selected
	Single   bool     // it is about one entity, and refused to who may not see that
}

// Has tells whether the topic is about an entity.
func (t Topic) Has(entity string) bool {
	return t.Entities == nil || slices.Contains(t.Entities, entity)
}

// Topic finds a topic: /data/ChangeEvents, /data/AccountChangeEvent or a channel of one's own.
func (b *Bus) Topic(name string) (Topic, bool) {
	channel, ok := strings.CutPrefix(name, "/data/")
	if !ok {
		return Topic{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if entities, own := b.channels[channel]; own {
		return Topic{Name: name, Entities: entities}, true
	}
	if channel == allEntities {
		return Topic{Name: name}, true
	}
	for _, obj := range b.store.Catalog().Objects {
		if Channel(obj.Name()) == channel && publishes(obj) {
			return Topic{Name: name, Entities: []string{obj.Name()}, Single: true}, true
		}
	}
	return Topic{}, false
}

// SchemaOf is the schema of an entity's events now.
func (b *Bus) SchemaOf(entity string) (*Schema, bool) {
	obj, ok := b.store.Catalog().Find(entity)
	if !ok {
		return nil, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.schemaOf(obj), true
}

// Select has events of these entities published from now on, and of no others.
func (b *Bus) Select(entities ...string) error {
	names, err := b.objects(entities)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(names) > b.limits.Entities {
		return reply.Bad("LIMIT_EXCEEDED", "%d entities are selected, and %d may be without the add-on", len(names),
			b.limits.Entities)
	}
	b.entities = names
	return nil
}

// Selected are the entities of which events are published.
func (b *Bus) Selected() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entities)
}

// selects tells whether events of an entity are published. The bus is held.
func (b *Bus) selects(entity string) bool { return slices.Contains(b.entities, entity) }

// AddChannel makes a channel of several entities; its name ends in __chn.
func (b *Bus) AddChannel(name string, entities ...string) error {
	names, err := b.objects(entities)
	switch {
	case err != nil:
		return err
	case !strings.HasSuffix(name, "__chn") || len(names) == 0:
		return reply.Bad("INVALID_ARGUMENT_TYPE", "a channel has a name that ends in __chn, and entities")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.channels[name] = names
	return nil
}

// objects are the names of entities as the org writes them.
func (b *Bus) objects(entities []string) ([]string, error) {
	names := []string{}
	for _, entity := range entities {
		obj, ok := b.store.Catalog().Find(entity)
		if !ok || !publishes(obj) {
			return nil, reply.NoObject(entity)
		}
		names = append(names, obj.Name())
	}
	return names, nil
}

// Gap publishes an event that says no more than that records of an object changed: as where a field got another type,
// or Salesforce itself has changed its database. Of all records it is an event with [AllRecords].
func (b *Bus) Gap(entity string, typ Type, ids ...string) error {
	obj, ok := b.store.Catalog().Find(entity)
	if !ok {
		return reply.NoObject(entity)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.expire()
	d := b.derivation(change.Commit{User: byNobody})
	e := &Event{Header: d.header(obj, typ, b.clock.Now().UnixMilli()), Schema: b.schemaOf(obj)}
	e.RecordIDs, e.SequenceNumber = slices.Clone(ids), 1
	if typ == GapOverflow {
		e.RecordIDs = []string{noRecord}
	}
	b.append([]*Event{e})
	return nil
}

// byNobody is who has changed what Salesforce itself has.
const byNobody = "000000000000000AAA"

// Shows tells whether the user may see an entity's events.
func Shows(c *store.Catalog, entity string) bool {
	obj, ok := c.Find(entity)
	return ok && !obj.Hidden
}
