package rest

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/sosl"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// mostFound is how many records one search gives at most.
const mostFound = 2000

// Searches answers what looks for words.
type Searches struct {
	store *store.Store
	clock *orgtime.Clock
	asker *query.Asker
}

// NewSearches makes Searches of what an asker understands.
func NewSearches(s *store.Store, clock *orgtime.Clock, a *query.Asker) *Searches {
	return &Searches{s, clock, a}
}

// Routes are the ways to look for words.
func (a *Searches) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/search": {Kind: "search", Methods: web.Get(a.search)},
		"/parameterizedSearch": {Kind: "search",
			Methods: web.Methods{"GET": a.byParameters, "POST": a.byBody}},
	}
}

// search answers a statement of SOSL.
func (a *Searches) search(w http.ResponseWriter, c *web.Call) error {
	s, err := sosl.Parse(c.FormValue("q"))
	if err != nil {
		return err
	}
	return a.answer(w, c, s)
}

// answer looks through the objects that the search names, or through all.
func (a *Searches) answer(w http.ResponseWriter, c *web.Call, s *sosl.Statement) error {
	objects := s.Returning
	if len(objects) == 0 {
		for _, obj := range a.store.Catalog().Shown() {
			if obj.About.Searchable && obj.Prefix() != "" {
				objects = append(objects, sosl.Returning{Object: obj.Name(), Limit: -1, Offset: -1})
			}
		}
	}
	found := finding{Searches: a, version: c.Version, statement: s, left: mostFound}
	if s.Limit >= 0 {
		found.left = min(s.Limit, mostFound)
	}
	for _, one := range objects {
		if err := found.in(c.Context(), one); err != nil {
			return err
		}
	}
	records := slices.Concat([]byte{'['}, found.records, []byte{']'})
	if c.VersionNumber() < 37 { // before that the list was all there was
		writeBody(w, records)
		return nil
	}
	writeBody(w, slices.Concat([]byte(`{"searchRecords":`), records, []byte{'}'}))
	return nil
}

// A finding is what a search has found so far.
type finding struct {
	*Searches
	version   string
	statement *sosl.Statement
	records   []byte
	left      int // records that may still be found
}

// in looks through one object: a query says which of its records are meant and
// what is told of them, and each is searched.
func (f *finding) in(ctx context.Context, one sosl.Returning) error {
	text := "SELECT " + cmp.Or(one.Fields, "Id") + " FROM " + one.Object
	if one.Where != "" {
		text += " WHERE " + one.Where
	}
	if one.Order != "" {
		text += " ORDER BY " + one.Order
	}
	q, err := f.asker.Ask(text, false)
	if err != nil {
		return err
	}
	if !q.Object.About.Searchable {
		return reply.Bad("INVALID_TYPE_FOR_OPERATION", "entity type %s does not support search", q.Object.Name())
	}
	if q.Bound.Grouped || q.Bound.Count {
		return reply.Bad("MALFORMED_SEARCH", "RETURNING %s can't be grouped or counted", q.Object.Name())
	}
	r, err := query.Answer(ctx, f.store.Now(), q, query.At(f.clock.Now()))
	if err != nil {
		return err
	}
	skip, rows := max(0, one.Offset), encode.NewJSON(f.version, r)
	places, most := searchedIn(q.Object, f.statement.Scope), f.left
	if one.Limit >= 0 {
		most = min(most, one.Limit)
	}
	return r.Each(ctx, 0, r.Total, func(at *store.Row) bool {
		if most == 0 {
			return false
		}
		if !f.statement.Words.Match(textsOf(at, places)) {
			return true
		}
		if skip > 0 {
			skip--
			return true
		}
		if len(f.records) > 0 {
			f.records = append(f.records, ',')
		}
		f.records = rows.AppendRow(f.records, at)
		f.left, most = f.left-1, most-1
		return true
	})
}

func textsOf(at *store.Row, places []int) []string {
	texts := make([]string, len(places))
	for i, place := range places {
		texts[i] = at.Text(place)
	}
	return texts
}

// searchedIn returns the places of the fields that a scope stands for.
func searchedIn(obj *store.Object, scope string) []int {
	named := func(f *describe.Field) bool {
		return f.NameField || f.Name == "Name" || f.Name == "FirstName" || f.Name == "LastName"
	}
	texts := []string{"string", "textarea", "email", "phone", "url", "picklist", "multipicklist"}
	var places []int
	for _, f := range obj.About.Fields {
		var meant bool
		switch scope {
		case "NAME":
			meant = named(f)
		case "EMAIL", "PHONE":
			meant = f.Type == strings.ToLower(scope)
		case "SIDEBAR":
			meant = named(f) || f.Type == "email" || f.Type == "phone"
		default:
			meant = named(f) || slices.Contains(texts, f.Type)
		}
		if meant {
			places = append(places, obj.Place(f.Name))
		}
	}
	return places
}

// parameters are what a search without SOSL says: in a body as they stand here,
// in a URL as Account.fields.
type parameters struct {
	Words        string     `json:"q"`
	Scope        string     `json:"in"`
	Fields       []string   `json:"fields"`
	Objects      []searched `json:"sobjects"`
	DefaultLimit int        `json:"defaultLimit"`
	OverallLimit int        `json:"overallLimit"`
}

// A searched is what is said of one object.
type searched struct {
	Name    string   `json:"name"`
	Fields  []string `json:"fields"`
	Where   string   `json:"where"`
	OrderBy string   `json:"orderBy"`
	Limit   int      `json:"limit"`
}

func (a *Searches) byBody(w http.ResponseWriter, c *web.Call) error {
	var asked parameters
	if err := c.Decode(&asked); err != nil {
		return err
	}
	return a.answerParameters(w, c, asked)
}

func (a *Searches) byParameters(w http.ResponseWriter, c *web.Call) error {
	values := c.URL.Query()
	number := func(name string) int {
		n, _ := strconv.Atoi(values.Get(name)) // what is no number is no limit
		return n
	}
	asked := parameters{
		Words: values.Get("q"), Scope: values.Get("in"), Fields: listIn(values, "fields"),
		DefaultLimit: number("defaultLimit"), OverallLimit: number("overallLimit"),
	}
	for _, name := range listIn(values, "sobject") {
		asked.Objects = append(asked.Objects, searched{
			Name: name, Fields: listIn(values, name+".fields"), Where: values.Get(name + ".where"),
			OrderBy: values.Get(name + ".orderBy"), Limit: number(name + ".limit"),
		})
	}
	return a.answerParameters(w, c, asked)
}

// listIn reads a parameter that may come several times, or as a list with commas.
func listIn(values url.Values, name string) []string {
	return strings.FieldsFunc(strings.Join(values[name], ","), func(c rune) bool { return c == ',' || c == ' ' })
}

func (a *Searches) answerParameters(w http.ResponseWriter, c *web.Call, asked parameters) error {
	if c.VersionNumber() < 36 {
		return reply.NotFound()
	}
	words, err := sosl.ParseWords(asked.Words)
	if err != nil {
		return err
	}
	s := &sosl.Statement{Words: words, Scope: strings.ToUpper(cmp.Or(asked.Scope, "ALL")), Limit: -1}
	if !slices.Contains(sosl.Scopes(), s.Scope) {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "in must be one of %s", strings.Join(sosl.Scopes(), ", "))
	}
	if asked.OverallLimit > 0 {
		s.Limit = asked.OverallLimit
	}
	for _, obj := range asked.Objects {
		fields := obj.Fields
		if len(fields) == 0 {
			fields = asked.Fields
		}
		one := sosl.Returning{
			Object: obj.Name, Fields: strings.Join(fields, ", "), Where: obj.Where, Order: obj.OrderBy,
			Limit: cmp.Or(obj.Limit, asked.DefaultLimit, mostFound), Offset: -1,
		}
		s.Returning = append(s.Returning, one)
	}
	return a.answer(w, c, s)
}
