package rehydrate

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/body"
	"catchment/internal/files/holdings"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/salesforce/write"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
)

// A file of Salesforce Files is a document with versions and links. Nobody creates the document: the first of its
// versions does, and the later ones name it. The links to its owner and to where it was published come by
// themselves (Object Reference, ContentVersion and ContentDocumentLink).
const (
	versions = "ContentVersion"
	links    = "ContentDocumentLink"
)

// A born object has records that Salesforce makes with those of another one, which name them in a field.
type born struct{ object, with, by string }

// bornOf tells with what the records of an object may come.
func bornOf(object string) (born, bool) {
	for _, b := range []born{
		{"ContentDocument", versions, "ContentDocumentId"},
		{"Contact", "Account", "PersonContactId"}, // of a person account
	} {
		if strings.EqualFold(b.object, object) {
			return b, true
		}
	}
	return born{}, false
}

// isPerson tells whether a row is one of the two records of a person account: an Account, and the Contact that comes
// with it.
func (s *subject) isPerson(row archived.Row) bool {
	value := s.maker.Value(row, "IsPersonAccount")
	return value != nil && *value == "true"
}

// isBorn tells whether records of an object come with those of another.
func isBorn(object string) bool { _, ok := bornOf(object); return ok }

// omitted are fields that no new record of an object is given, whatever its describe says.
func omitted(object string) map[string]remake.Reason {
	switch object {
	case versions:
		return map[string]remake.Reason{"contentdocumentid": remake.Silent}
	case "Attachment", "Document":
		return map[string]remake.Reason{"bodylength": remake.Silent}
	}
	return nil
}

// ofVersion are the fields that a version isn't given: the first one makes its document, and the later ones are
// published where that is.
func (w inserting) ofVersion(s *subject, row archived.Row) map[string]remake.Reason {
	if document := s.maker.Value(row, "ContentDocumentId"); document != nil {
		if _, lead := w.lead(*document); lead == remake.Leads {
			return map[string]remake.Reason{"firstpublishlocationid": remake.Silent}
		}
	}
	return map[string]remake.Reason{"contentdocumentid": remake.Silent}
}

// byVersion orders versions: those of one document one after the other, the oldest first.
func (w inserting) byVersion(ctx context.Context, s *subject, ids []string) ([]string, error) {
	type version struct {
		id, document string
		number       int
	}
	var all []version
	for some := range slices.Chunk(ids, atOnce) {
		rows, err := w.ledger.Rows(ctx, s.src.Table, some)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			v := version{id: row.ID}
			if document := s.maker.Value(row, "ContentDocumentId"); document != nil {
				v.document = *document
			}
			if number := s.maker.Value(row, "VersionNumber"); number != nil {
				v.number, _ = strconv.Atoi(*number) // what is no number comes first
			}
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b version) int {
		if a.document != b.document {
			return strings.Compare(a.document, b.document)
		}
		if a.number != b.number {
			return a.number - b.number
		}
		return strings.Compare(a.id, b.id)
	})
	ordered := make([]string, len(all))
	for i, v := range all {
		ordered[i] = v.id
	}
	return ordered, nil
}

// line is what the register of bodies says of a file; nil for nothing.
func (w inserting) line(ctx context.Context, object, id string) (*bodies.Line, error) {
	register, ok := bodies.Of(w.Warehouse)
	if !ok {
		return nil, nil
	}
	lines, err := register.Lookup(ctx, object, []string{id})
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return &lines[0], nil
}

// proof is what a file holds beside what it was given: the size and the checksum of its body.
func (w inserting) proof(ctx context.Context, s *subject, row archived.Row) (write.Fields, error) {
	of, isFile := body.Of(s.name)
	if !isFile {
		return nil, nil
	}
	line, err := w.line(ctx, s.name, row.ID)
	if err != nil || line == nil || line.State != bodies.Copied {
		return nil, err
	}
	proof := write.Fields{of.Size: json.RawMessage(strconv.FormatInt(line.Size, 10))}
	if of.Checksum != "" {
		proof[of.Checksum] = json.RawMessage(strconv.Quote(line.MD5))
	}
	return proof, nil
}

// upload inserts one file with its body.
func (w inserting) upload(ctx context.Context, s *subject, a *attempt, row archived.Row) error {
	line, err := w.line(ctx, s.name, a.id)
	if err != nil {
		return err
	}
	switch {
	case line != nil && line.State == bodies.Nothing && s.name == versions: // it lies elsewhere, or is a link
		for round, batch := 1, []*attempt{a}; len(batch) > 0; round++ {
			if batch, err = w.post(ctx, s, batch, round < attempts); err != nil {
				return err
			}
		}
		return nil
	case line == nil || line.State == bodies.Aside || line.State == bodies.Copied && !body.IsDigest(line.SHA256):
		return w.noBody(a)
	}
	if a.proof, err = w.proof(ctx, s, row); err != nil {
		return err
	}
	for round := 1; ; round++ {
		again, err := w.uploadOnce(ctx, s, a, *line, round < attempts)
		if err != nil || !again {
			return err
		}
	}
}

// noBody is what becomes of a file whose body nobody has.
func (w inserting) noBody(a *attempt) error {
	return w.become(a.id, w.members[a.id], Fact{State: Failed, Reason: "its body was never copied, or is lost",
		Missing: []remake.Missing{{Reason: remake.NoBody}}})
}

// uploadOnce sends a file, and tells whether it is to be sent again without what the org refuses of it.
func (w inserting) uploadOnce(ctx context.Context, s *subject, a *attempt, line bodies.Line, again bool) (bool, error) {
	in, err := w.intend(ctx, s, []*attempt{a})
	if err != nil {
		return false, err
	}
	stored := holdings.Body{ID: a.id, Size: line.Size, SHA256: line.SHA256}
	open := func() (io.ReadCloser, error) { return opened(ctx, w.Stage, stored), nil }
	if line.SHA256 == "" { // it has no bytes
		open = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil }
	} else {
		stored.Key = body.Key(line.SHA256)
	}
	outcome, err := s.writer.Upload(ctx, write.File{Object: s.name, Fields: a.made.Fields, Size: line.Size,
		Open: open, Key: s.maker.Key})
	switch {
	case outcome.State == write.Done:
		if err := w.inserted(ctx, s, map[*attempt]string{a: outcome.ID}); err != nil {
			return false, err
		}
		return false, w.forget(ctx, in)
	case outcome.State == write.Unknown && outcome.Refusal == nil && err == nil:
		return false, w.settle(ctx, s, in)
	case outcome.State == write.Unknown:
		return false, err
	case err != nil && stored.Key != "" && holdings.IsLost(stored.Check(ctx, w.Stage)):
		return false, w.forgotten(ctx, in, w.noBody(a))
	case err != nil:
		return false, w.forgotten(ctx, in, err)
	}
	if err := w.forget(ctx, in); err != nil {
		return false, err
	}
	fields := lessen(*outcome.Refusal, s, a)
	if again && len(fields) > 0 {
		for _, field := range fields {
			a.drop(s, field)
		}
		return true, nil
	}
	if again && outcome.Refusal.Class() == plan.Retry {
		return true, nil
	}
	return false, w.become(a.id, w.members[a.id], Fact{State: Failed, Reason: outcome.Refusal.Error()})
}

// births finds out what came with new records: the documents of versions, the Contacts of person accounts.
func (w inserting) births(ctx context.Context, s *subject, news map[string]string) error {
	for _, name := range []string{"ContentDocument", "Contact"} {
		b, _ := bornOf(name)
		if _, has := s.src.Object.Field(b.by); !has || !strings.EqualFold(b.with, s.name) {
			continue
		}
		if err := w.birthsOf(ctx, s, b, news); err != nil {
			return err
		}
	}
	return nil
}

// reborn finds out what came with records of an intent that the ledger knows: a process may have died before it
// wrote that down.
func (w inserting) reborn(ctx context.Context, s *subject, in *intent) error {
	news := map[string]string{}
	for id := range in.Of {
		if m := w.members[id]; m != nil && m.newID != "" {
			news[id] = m.newID
		}
	}
	if len(news) == 0 {
		return nil
	}
	return w.births(ctx, s, news)
}

// birthsOf is births of one object.
func (w inserting) birthsOf(ctx context.Context, s *subject, b born, news map[string]string) error {
	olds := map[string]string{} // by new Ids of what they came with
	var ids, fresh []string
	for id, now := range news {
		ids, fresh = append(ids, id), append(fresh, now)
	}
	rows, err := w.ledger.Rows(ctx, s.src.Table, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if old := s.maker.Value(row, b.by); old != nil {
			olds[news[row.ID]] = *old
		}
	}
	q := soql.Select{Fields: []string{"Id", b.by}, From: s.name, Where: []soql.Condition{soql.In("Id", fresh)}}
	came := map[string]string{}
	err = w.query(ctx, q, false, func(r salesforce.Record) error {
		with, err := r.Text("Id")
		if err != nil {
			return err
		}
		now, err := r.Text(b.by)
		if old := olds[with]; err == nil && old != "" && now != "" {
			came[old] = now
		}
		return err
	})
	if err != nil {
		return err
	}
	for old, now := range came {
		if err := w.come(ctx, old, now); err != nil {
			return err
		}
	}
	return nil
}

// come settles a member that came with another one.
func (w inserting) come(ctx context.Context, old, now string) error {
	w.moved[old] = now
	m := w.members[old]
	if m == nil || !nowhere(m) || m.subject.held == nil {
		return nil
	}
	if err := w.remember(ctx, m.subject, map[string]string{old: now}); err != nil {
		return err
	}
	return w.become(old, m, Fact{State: Inserted, NewID: now})
}

// linkedAlready takes those links as come back that are there: Salesforce has made them with the file.
func (w inserting) linkedAlready(ctx context.Context, s *subject, batch []*attempt) (rest []*attempt, err error) {
	var documents []string
	for _, a := range batch {
		if id := textOf(a, "ContentDocumentId"); id != "" && !slices.Contains(documents, id) {
			documents = append(documents, id)
		}
	}
	if len(documents) == 0 {
		return batch, nil
	}
	there := map[[2]string]salesforce.Record{}
	q := soql.Select{Fields: []string{"Id", "ContentDocumentId", "LinkedEntityId"}, From: links,
		Where: []soql.Condition{soql.In("ContentDocumentId", documents)}}
	err = w.query(ctx, q, false, func(r salesforce.Record) error {
		document, err := r.Text("ContentDocumentId")
		if err != nil {
			return err
		}
		entity, err := r.Text("LinkedEntityId")
		there[[2]string{document, entity}] = r
		return err
	})
	if err != nil {
		return nil, err
	}
	made := map[*attempt]string{}
	for _, a := range batch {
		r, found := there[[2]string{textOf(a, "ContentDocumentId"), textOf(a, "LinkedEntityId")}]
		if !found {
			rest = append(rest, a)
			continue
		}
		if made[a], err = r.Text("Id"); err != nil {
			return nil, err
		}
	}
	return rest, w.inserted(ctx, s, made)
}

// textOf is the text that a record is given in a field.
func textOf(a *attempt, field string) (text string) {
	if json.Unmarshal(a.made.Fields[field], &text) != nil {
		return ""
	}
	return text
}
