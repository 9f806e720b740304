package fakeorg

import (
	"catchment/internal/fakeorg/generate"
	"catchment/internal/fakeorg/store"
)

// Generate fills the org with records of Account, Contact, Opportunity, Case,
// Task, Invoice__c and User, in all as many as told. Nothing is held in
// memory: each value is a function of the seed, the object, the record's
// number and the field.
func (o *Org) Generate(records int, seed uint64) error {
	return o.GenerateCounts(generate.Spread(records), seed)
}

// GenerateCounts is Generate with the number of records of each object; an
// object that isn't named has none. There is at least one User: the owner.
func (o *Org) GenerateCounts(counts map[string]int, seed uint64) error {
	o.world = generate.NewWorld(seed, o.clock.Now(), o.login.Credentials().Username)
	objects, err := o.world.Objects(counts, o.features)
	if err != nil {
		return err
	}
	return o.addAll(objects)
}

// GenerateFiles fills the org with files, which belong to the records that it has: with
// ContentDocument, ContentVersion and ContentDocumentLink, Attachment, Document and
// EmailMessage. It comes after Generate. No body is held in memory either.
func (o *Org) GenerateFiles(files Files) error {
	if o.world == nil {
		o.world = generate.NewWorld(o.seed, o.birth, o.login.Credentials().Username)
	}
	objects, err := o.world.Files(files, o.store.Catalog().Objects)
	if err != nil {
		return err
	}
	return o.addAll(objects)
}

func (o *Org) addAll(objects []*store.Object) error {
	for _, obj := range objects {
		if err := o.ledger.Add(obj); err != nil {
			return err
		}
	}
	return nil
}

// LoadDir fills the org with the records of a folder: objects.json names the
// objects and their fields, and NAME.csv holds the records of each. What such
// data lacks is added: system fields, an owner, and the User that these refer
// to. describes may name a folder of recorded answers of describe (NAME.json,
// Global.json): an object found there gets its fields too, null everywhere.
func (o *Org) LoadDir(dir, describes string) error {
	world := generate.NewWorld(o.seed, o.birth, o.login.Credentials().Username)
	if err := world.Load(dir, describes, o.ledger.Add); err != nil {
		return err
	}
	if _, ok := o.store.Catalog().Find("User"); ok {
		return nil
	}
	return o.ledger.Add(world.Users())
}
