package trial

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate"
)

// What has to hold once archived records came back, by what the manual promises (docs/howto/archive-back.md), and
// by what the witness saw: nothing here asks the catchment what it believes.

// linesOf are the ledger's lines of one plan by Id.
func (h *house) linesOf(name string) map[string]line {
	p := h.Start(nil)
	defer p.Close()
	all := map[string]line{}
	for _, l := range ledgerOf(p) {
		if l.plan == name {
			all[l.id] = l
		}
	}
	return all
}

// wanted are the records that have to come back, as they were when the catchment deleted them: those that are
// asked for, and what went along with them.
func (h *house) wanted(req rehydrate.Request) state {
	h.T.Helper()
	want, gone := state{}, h.witness.gone()
	for _, name := range h.plans {
		if req.Plan != "" && req.Plan != name {
			continue
		}
		lines, parents, asked := h.linesOf(name), map[string]string{}, slices.Clone(req.IDs)
		for _, r := range plannedOf(h.Rig, name) {
			parents[r.ID] = r.Parent
			if r.Object == contentVersion && slices.Contains(req.IDs, r.ID) {
				asked = append(asked, r.Parent) // a version comes with its document
			}
		}
		for id := range parents {
			hangs := len(req.IDs) == 0
			for at := id; at != "" && !hangs; at = parents[at] {
				hangs = slices.Contains(asked, at)
			}
			if was, ours := gone[id]; hangs && ours && lines[id].state == "deleted" {
				want[id] = was
			}
		}
	}
	return want
}

// already are those that are back as new records, as they are by now: people may have changed them since.
func (l *life) already(want state) state {
	back, now := state{}, l.witness.now()
	for old, id := range l.news() {
		_, wanted := want[old]
		is, there := now[id]
		if wanted && there && !is.deleted() {
			back[old] = is
		}
	}
	return back
}

// attested: the evidence of all plans can be read back, and tells of what is back.
func (l *life) attested(want state) {
	l.T.Helper()
	p := l.Start(nil)
	defer p.Close()
	told := map[string]bool{}
	for _, name := range l.plans {
		if err := l.evidenced(p, name); err != nil {
			l.T.Errorf("evidence of %s: %v", name, err)
		}
		sheets, err := filepath.Glob(filepath.Join(l.Path("stage"), "archive", name, "evidence", "*-returned-*.jsonl"))
		l.Must(err)
		for _, sheet := range sheets {
			text, err := os.ReadFile(sheet)
			l.Must(err)
			for _, id := range idsIn(string(text)) {
				told[id] = true
			}
		}
	}
	now := l.witness.now()
	for id, was := range want {
		if v, there := now[id]; there && !v.deleted() && !told[id] {
			l.T.Errorf("%s %s is back, and no evidence tells of it", was.object, id)
		}
	}
}

// idsIn are the Ids in the lines of a sheet.
func idsIn(text string) (ids []string) {
	for _, after := range strings.Split(text, `"id":"`)[1:] {
		id, _, _ := strings.Cut(after, `"`)
		ids = append(ids, id)
	}
	return ids
}

// A homecoming is what is held against the org after records came back.
type homecoming struct {
	*witness
	now     state
	news    map[string]string // of the ledger: the new Ids by the old ones
	want    state
	already state // of those that are wanted: came back before
	said    map[string]rehydrate.Fact
	v       *verdict
}

// returned holds what came back against what was to.
func (l *life) returned(want, already state, said map[string]rehydrate.Fact) {
	l.T.Helper()
	v := verdict{}
	h := homecoming{l.witness, l.witness.now(), l.news(), want, already, said, &v}
	for id, was := range want {
		h.one(id, was)
	}
	for id := range want {
		switch h.home(id) {
		case "":
			l.tally.add("didn't come back, for a reason", 1)
		case id:
			l.tally.add("came back under its Id", 1)
		default:
			l.tally.add("came back as new", 1)
		}
	}
	for _, name := range l.plans {
		h.links(l.cleared(name))
	}
	h.once()
	for _, wrong := range v {
		l.T.Error(wrong)
	}
	l.explain()
}

// news are the new Ids that the ledger has, by the old ones.
func (h *house) news() map[string]string {
	p := h.Start(nil)
	defer p.Close()
	all := map[string]string{}
	for _, l := range ledgerOf(p) {
		switch was := all[l.id]; {
		case l.newID == "":
		case was != "" && was != l.newID:
			h.T.Errorf("%s %s came back twice: as %s and as %s", l.object, l.id, was, l.newID)
		default:
			all[l.id] = l.newID
		}
	}
	return all
}

// lives tells whether a record is there.
func (h homecoming) lives(id string) bool {
	v, there := h.now[id]
	return there && !v.deleted()
}

// home is where a record is by now, "" where it isn't.
func (h homecoming) home(id string) string {
	for at, n := id, 0; at != "" && n < 9; at, n = h.news[at], n+1 {
		if h.lives(at) {
			return at
		}
	}
	return ""
}

// one holds one record against what it was.
func (h homecoming) one(id string, was version) {
	if back, is := h.already[id]; is {
		was = back
	}
	at := h.home(id)
	if at == "" {
		if why := h.excuse(id, was); why == "" {
			h.v.add("%s %s isn't back, said is %s %s", was.object, id, h.said[id].State, h.said[id].Reason)
		}
		return
	}
	is := h.now[at]
	for _, name := range differing(was.values, is.values) {
		if !h.mayDiffer(was, name, at != id) && h.led(was.object, name, was.values[name]) != is.values[name] {
			h.v.add("%s %s came back as %s, and differs in %s", was.object, id, at, name)
		}
	}
	if was.body != nil && (is.body == nil || *is.body != *was.body) {
		h.v.add("%s %s came back as %s, with another body", was.object, id, at)
	}
}

// excuse says why a record can't be back, by what the manual says, or "".
func (h homecoming) excuse(id string, was version) string {
	if h.news[id] != "" {
		return "its new record was deleted since"
	}
	needs := map[string][]string{attachment: {"parentid"}, link: {"contentdocumentid", "linkedentityid"}}[was.object]
	for _, field := range needs {
		if h.home(was.values[field]) == "" {
			return "what it belongs to isn't back"
		}
	}
	if v := h.now[id]; v.deleted() { // in the bin
		for name, value := range was.values {
			_, wanted := h.want[value]
			if h.types(was.object, name) == "reference" && !isStamp(name) && value != "" && !wanted && !h.lives(value) {
				return "it lies in the bin, and what it may belong to wasn't asked for"
			}
		}
	}
	if was.object == document {
		for _, v := range h.want {
			if v.object == contentVersion && v.values["contentdocumentid"] == id {
				return ""
			}
		}
		return "none of its versions was asked for"
	}
	return ""
}

func (h homecoming) types(object, field string) string {
	for name, typ := range h.typesOf(object) {
		if strings.EqualFold(name, field) {
			return typ
		}
	}
	return ""
}

// led is what a field holds by now that held a value: a lookup leads to where its record is.
func (h homecoming) led(object, field, value string) string {
	if h.types(object, field) != "reference" || value == "" {
		return value
	}
	if _, known := h.now[value]; !known && h.news[value] == "" {
		if !strings.HasPrefix(value, "005") {
			return "" // it was purged
		}
		return value
	}
	if strings.HasPrefix(value, "005") {
		return value
	}
	return h.home(value)
}

// mayDiffer tells of the fields that the manual says don't come back as they were.
func (h homecoming) mayDiffer(was version, field string, anew bool) bool {
	switch {
	case field == "systemmodstamp", field == "lastmodifieddate", field == "lastmodifiedbyid", field == "isdeleted":
		return true
	case !anew:
		return false
	case field == "id", !h.access(was.object, field).createable && field != "createddate" && field != "createdbyid":
		return true
	}
	switch was.object {
	case document, link:
		return field != "contentdocumentid" && field != "linkedentityid"
	case contentVersion:
		return slices.Contains([]string{"firstpublishlocationid", "ismajorversion", "contentmodifieddate"}, field)
	}
	return false
}

// A clearing is a lookup of a record that stays, which the plan says Salesforce would empty.
type clearing struct{ Type, Object, ID, Field, Value string }

// cleared reads those of a plan.
func (h *house) cleared(plan string) (all []clearing) {
	h.T.Helper()
	f, err := os.Open(filepath.Join(h.Path("stage"), "archive", plan, "plan.jsonl"))
	h.Must(err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var one clearing
		h.Must(json.Unmarshal(lines.Bytes(), &one))
		if one.Type == "clear" {
			all = append(all, one)
		}
	}
	return all
}

// links: what stayed leads again where it led.
func (h homecoming) links(all []clearing) {
	for _, c := range all {
		_, asked := h.want[c.Value]
		to := h.home(c.Value)
		if !asked || to == "" || !h.lives(c.ID) || !h.access(c.Object, c.Field).updateable {
			continue
		}
		if is := h.now[c.ID].values[strings.ToLower(c.Field)]; is != to && is != c.Value {
			h.v.add("%s %s stayed, and its %s leads to %q, not to %s", c.Object, c.ID, c.Field, is, to)
		}
	}
}

// once: each record that the catchment made is one that came back, and no record came back as two.
func (h homecoming) once() {
	olds := map[string][]string{}
	for old, now := range h.news {
		olds[now] = append(olds[now], old)
	}
	for _, d := range h.deeds {
		for id, made := range d.made {
			switch {
			case len(olds[id]) == 1:
			case len(olds[id]) > 1:
				h.v.add("%s %s was made for %v at once", made.object, id, olds[id])
			case made.object == link && strings.HasPrefix(made.values["linkedentityid"], "005"): // its owner's
			default:
				h.v.add("%s %s was made, and the ledger doesn't know it", made.object, id)
			}
		}
	}
}

// An access is what may be done with a field.
type access struct{ createable, updateable bool }

// access asks the org what it says of a field.
func (w *witness) access(object, field string) access {
	known := w.given[object]
	if known == nil {
		var about struct {
			Fields []struct {
				Name                   string
				Createable, Updateable bool
			}
		}
		w.get("/services/data/v66.0/sobjects/"+object+"/describe", &about)
		known = map[string]access{}
		for _, f := range about.Fields {
			known[strings.ToLower(f.Name)] = access{f.Createable, f.Updateable}
		}
		w.given[object] = known
	}
	return known[strings.ToLower(field)]
}
