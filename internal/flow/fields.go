package flow

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/body"
	"catchment/internal/schema"
	"catchment/internal/value"
)

// A Skipped is a field that a flow doesn't copy, and why.
type Skipped struct {
	Field, Reason string
}

// Choose chooses the fields that a flow copies of its object, in the order of
// describe: all that Bulk can carry without those that are excluded, or those
// that are listed, and the ones no copy can do without. What Bulk can't carry
// comes only where it is named. It also tells which it left out although nobody
// asked for that.
func (fl Flow) Choose(o schema.Object) ([]schema.Field, []Skipped, error) {
	listed, problems := fl.known("fields", fl.Fields, o)
	included, more := fl.known("include", fl.Include, o)
	excluded, further := fl.known("exclude", fl.Exclude, o)
	_, stale := fl.known("refresh_fields", fl.RefreshFields, o)
	dropped, last := fl.known("drop", fl.Drop, o)
	problems = slices.Concat(problems, more, further, stale, last)

	chosen, cursor := map[string]bool{}, o.Cursor().Field
	var skipped []Skipped
	for _, f := range o.Fields {
		i, isListed := listed[f.Name]
		j, isIncluded := included[f.Name]
		_, isExcluded := excluded[f.Name]
		_, isDropped := dropped[f.Name]
		if isExcluded || isDropped || len(fl.Fields) > 0 && !isListed {
			continue
		}
		named, reason := isListed || isIncluded, fl.cannot(o, f)
		switch {
		case fl.unreadable(f.Name) != "":
			skipped = append(skipped, Skipped{f.Name, fl.unreadable(f.Name)})
		case reason == "" && (named || f.Type.InBulk()):
			chosen[f.Name] = true
		case isListed:
			problems = append(problems, fl.problem(index("fields", i), "%s can't be copied: %s", f.Name, reason))
		case isIncluded && !fl.star:
			problems = append(problems, fl.problem(index("include", j), "%s can't be copied: %s", f.Name, reason))
		case f.Type.Compound(): // nothing is lost: its parts are copied
		case fl.Bodies != "" && isBody(o, f): // nor here: it is copied beside the rows
		case reason == "":
			skipped = append(skipped,
				Skipped{f.Name, fmt.Sprintf("Bulk can't carry the type %s; to copy it by REST: include: [%s]",
					f.Type, f.Name)})
		default:
			skipped = append(skipped, Skipped{f.Name, reason})
		}
	}
	for _, f := range o.Fields {
		reason := fl.needed(f, o, cursor, chosen)
		if reason == "" || wrongName(f.Name) != "" {
			continue
		}
		chosen[f.Name] = true
		if i, ok := excluded[f.Name]; ok {
			problems = append(problems, fl.problem(index("exclude", i), "%s can't be excluded: %s", f.Name, reason))
		}
		if i, ok := dropped[f.Name]; ok {
			problems = append(problems, fl.problem(index("drop", i), "%s can't be dropped: %s", f.Name, reason))
		}
	}
	problems = append(problems, fl.treated(o, chosen)...)
	if err := asError(problems); err != nil {
		return nil, nil, err
	}
	isLeft := func(f schema.Field) bool { return !chosen[f.Name] }
	return slices.DeleteFunc(slices.Clone(o.Fields), isLeft), skipped, nil
}

// unreadable says why no query reads a field, whatever the flow asks for, or "".
func (fl Flow) unreadable(name string) string {
	if why := wrongName(name); why != "" {
		return "no query or column can bear its name: " + why
	}
	if slices.Contains(fl.Withheld, name) {
		return "describe shows it, and Salesforce refuses to read it; it is asked for again once a day"
	}
	return ""
}

// DoesWithout finds the field of a name that Salesforce gave for one that it refuses to
// read, where a copy without it is still one: every other field of a record means what it
// meant, and the flow asks for nothing that needs this one.
func (fl Flow) DoesWithout(o schema.Object, fields []schema.Field, name string) (string, bool) {
	f, ok := o.Field(name)
	is := func(other string) bool { return strings.EqualFold(other, name) }
	chosen := map[string]bool{}
	for _, one := range fields {
		chosen[one.Name] = true
	}
	if !ok || !chosen[f.Name] || fl.needed(f, o, o.Cursor().Field, chosen) != "" || fl.Changed(f.Name) ||
		slices.ContainsFunc(fl.Checks, func(c value.Check) bool { return is(c.Field) }) ||
		slices.ContainsFunc(slices.Collect(maps.Keys(fl.Rename)), is) {
		return "", false
	}
	for _, token := range tokenRE.FindAllString(fl.Where, -1) {
		if slices.ContainsFunc(strings.Split(token, "."), is) {
			return "", false
		}
	}
	return f.Name, true
}

// known finds the fields that a list of a flow names: the place in the list by
// the field's own name. Where the flow came out of "*" it may name fields that
// this object doesn't have.
func (fl Flow) known(list string, names []string, o schema.Object) (map[string]int, []problem) {
	var all []string
	for _, f := range o.Fields {
		all = append(all, f.Name)
	}
	places, described := map[string]int{}, o.Index()
	var problems []problem
	for i, name := range names {
		f, ok := described.Field(name)
		if ok {
			places[f.Name] = i
		} else if !fl.star {
			problems = append(problems, fl.problem(index(list, i), "%s has no field %q that this user can see%s",
				o.Name, name, meant(name, all)))
		}
	}
	return places, problems
}

// cannot says why a field can't be copied, or "".
func (fl Flow) cannot(o schema.Object, f schema.Field) string {
	switch {
	case fl.Bodies != "" && isBody(o, f):
		return "it is copied beside the rows, as bodies says"
	case isBody(o, f):
		return "Salesforce gives what is in a file by a call for each record; " +
			"to copy it beside the rows: bodies: latest"
	case f.Type == schema.Base64:
		return "Salesforce gives what is in a file by a call for each record; copy the other fields, " +
			"and fetch files by their Ids where they are needed"
	case !f.Type.InBulk() && fl.Mover == ByAppFlow:
		return "AppFlow lands what Bulk carries, and that isn't the type " + string(f.Type) +
			"; to copy it: mover: auto"
	case (f.Encrypted || f.Type == schema.EncryptedString) && !fl.AcceptEncrypted:
		return "Salesforce keeps it encrypted, and the warehouse would not; to copy it: org.accept_encrypted: true"
	}
	return ""
}

// isBody tells whether a field holds what is in a file.
func isBody(o schema.Object, f schema.Field) bool {
	of, isFile := body.Of(o.Name)
	return isFile && of.Body == f.Name
}

// needed says why a flow can't do without a field, or "". An object that lacks
// such a field (User has no IsDeleted) does without.
func (fl Flow) needed(f schema.Field, o schema.Object, cursor string, chosen map[string]bool) string {
	switch f.Name {
	case "Id":
		return "it is the key of the table"
	case "SystemModstamp":
		return "it tells which version of a record is the newest"
	case "IsDeleted":
		return "it tells that a record was deleted"
	case "CurrencyIsoCode":
		if slices.ContainsFunc(o.Fields,
			func(f schema.Field) bool { return f.Type == schema.Currency && chosen[f.Name] }) {
			return "amounts mean nothing without their currency"
		}
	case cursor:
		return "it tells which records have changed"
	}
	if of, isFile := body.Of(o.Name); isFile && fl.Bodies != "" && slices.Contains(of.Needed(), f.Name) {
		return "bodies are read and checked by it"
	}
	return ""
}

// Fingerprint is a digest of everything in a flow that decides which rows and
// columns its table has: the generation counts up when it changes, and with it
// every older watermark becomes invalid (invariant 12). A field that is new in
// the org doesn't change it: the flow never named it.
func Fingerprint(fl Flow) string {
	text, err := json.Marshal(struct {
		Where     string
		Fields    []string
		Exclude   []string
		Naming    Naming
		Encrypted bool
		Treatment *treatment `json:",omitempty"`
		Include   []string   `json:",omitempty"`
	}{fl.Where, folded(fl.Fields), folded(fl.Exclude), fl.Naming, fl.AcceptEncrypted, fl.treatment(),
		folded(fl.Include)})
	if err != nil {
		panic(err) // texts and a bool always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// folded is a list of names whose order and case don't matter.
func folded(names []string) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = strings.ToLower(n)
	}
	slices.Sort(all)
	return all
}

func index(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
