package rest

import (
	"net/http"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/tooling"
	"catchment/internal/fakeorg/web"
)

// Tooling answers what the Tooling API knows of the org: what its objects and
// fields are.
type Tooling struct {
	store *store.Store
	clock *orgtime.Clock
}

// NewTooling makes a Tooling of what a store holds.
func NewTooling(s *store.Store, clock *orgtime.Clock) *Tooling { return &Tooling{s, clock} }

// Routes are the ways into the Tooling API.
func (a *Tooling) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/tooling/query":                      {Kind: "tooling", Methods: web.Get(a.query)},
		"/tooling/queryAll":                   {Kind: "tooling", Methods: web.Get(a.query)},
		"/tooling/sobjects":                   {Kind: "tooling", Methods: web.Get(a.describeGlobal)},
		"/tooling/sobjects/{object}/describe": {Kind: "tooling", Methods: web.Get(a.describe)},
	}
}

const toolingObjects = "/tooling/sobjects"

func (a *Tooling) query(w http.ResponseWriter, c *web.Call) error {
	text := c.FormValue("q")
	if text == "" {
		return reply.Bad("MALFORMED_QUERY", "A query string has to be specified")
	}
	return a.answer(w, c, text, toolingObjects)
}

// answer answers a statement, with the URLs of the records below objects.
func (a *Tooling) answer(w http.ResponseWriter, c *web.Call, text, objects string) error {
	all := tooling.Of(a.store.Catalog())
	q, err := all.Ask(text)
	if err != nil {
		return err
	}
	if c.FormValue("columns") == "true" {
		tellColumns(w, columnsOf(q.Bound), q.Bound, q.Name(), q.Prefix())
		return nil
	}
	found, err := all.Answer(q, a.clock.Now(), "/services/data/"+c.Version+objects)
	if err != nil {
		return err
	}
	said := map[string]any{"totalSize": found.Total, "done": true, "records": found.Records}
	if objects == toolingObjects {
		said["size"], said["queryLocator"], said["entityTypeName"] = found.Total, nil, q.Name()
	}
	reply.JSON(w, http.StatusOK, said)
	return nil
}

func (a *Tooling) describeGlobal(w http.ResponseWriter, c *web.Call) error {
	flags := []describe.Flags{}
	for _, about := range tooling.Of(a.store.Catalog()).Objects() {
		flags = append(flags, toolingFlags(about, c.Version))
	}
	reply.JSON(w, http.StatusOK, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": flags})
	return nil
}

func toolingFlags(about *describe.Object, version string) describe.Flags {
	flags, at := about.Flags, "/services/data/"+version+toolingObjects+"/"+about.Name
	flags.URLs = map[string]string{"sobject": at, "describe": at + "/describe", "rowTemplate": at + "/{ID}"}
	return flags
}

func (a *Tooling) describe(w http.ResponseWriter, c *web.Call) error {
	for _, about := range tooling.Of(a.store.Catalog()).Objects() {
		if about.Name == c.PathValue("object") {
			about.Flags = toolingFlags(about, c.Version)
			about.ActionOverrides, about.NamedLayoutInfos = []any{}, []any{}
			about.ChildRelationships, about.RecordTypeInfos = []describe.Child{}, []describe.RecordType{}
			reply.JSON(w, http.StatusOK, about)
			return nil
		}
	}
	return reply.NotFound()
}
