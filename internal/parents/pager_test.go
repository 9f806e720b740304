package parents_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/mover"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// A copied is a warehouse of which only the documents are known.
type copied struct {
	warehouse.Warehouse
	ids  []string
	none bool
}

// A catalog lists them.
type catalog struct {
	bodies.Catalog
	*copied
}

func (c *copied) Catalog() bodies.Catalog { return catalog{nil, c} }

func (c *copied) Name() string { return "test" }

func (c catalog) Documents(_ context.Context, after string, most int) ([]string, bool, error) {
	from, found := slices.BinarySearch(c.ids, after)
	if found {
		from++
	}
	return c.ids[from:min(from+most, len(c.ids))], !c.none, nil
}

// documents makes so many Ids, in order.
func documents(t *testing.T, n int) []string {
	t.Helper()
	ids := make([]string, n)
	for i := range ids {
		id, err := schema.ID18(fmt.Sprintf("069%012d", i))
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
	}
	return ids
}

// pager reads from an org that answers queries by their text or the rest of their path.
func pager(t *testing.T, w *copied, answer func(ask string) (int, string)) *parents.Pager {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ask := r.URL.Query().Get("q")
		if ask == "" {
			ask = r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		}
		status, text := answer(ask)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	t.Cleanup(server.Client().CloseIdleConnections)
	org, err := salesforce.New(salesforce.Config{
		URL: server.URL, APIVersion: "66.0", Login: login.Token{Token: "token"}, HTTP: server.Client(), Now: time.Now,
		Sleep: func(context.Context, time.Duration) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return parents.New(org, w)
}

var request = mover.Request{
	Object: "ContentDocumentLink", Fields: []string{"Id", "ShareType"},
	Described: schema.Object{
		Name:   "ContentDocumentLink",
		Fields: []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "ShareType", Type: schema.String}},
	},
}

// batch is one answer with some links.
func batch(total int, next string, ids ...string) string {
	records := make([]string, len(ids))
	for i, id := range ids {
		records[i] = fmt.Sprintf(`{"attributes":{},"Id":%q,"ShareType":"V"}`, id)
	}
	text := fmt.Sprintf(`{"totalSize":%d,"done":%v,"records":[%s]`, total, next == "", strings.Join(records, ","))
	if next != "" {
		text += `,"nextRecordsUrl":"/services/data/v66.0/query/` + next + `"`
	}
	return text + "}"
}

// read reads all pages of a job, and names them.
func read(t *testing.T, p *parents.Pager) (names []string, text string, err error) {
	t.Helper()
	job := mover.Job{ID: "rest-1", Request: request, Done: true, Records: mover.Uncounted}
	for page, err := range p.Pages(t.Context(), job) {
		if err != nil {
			return names, text, err
		}
		body, err := page.Open(t.Context())
		if err != nil {
			return names, text, err
		}
		all, err := io.ReadAll(body)
		_ = body.Close()
		if err != nil {
			return names, text, err
		}
		names, text = append(names, page.Name), text+string(all)
		if got := int64(strings.Count(string(all), "\n") - 1); got != body.Records {
			t.Errorf("page %s says that it has %d records, and has %d", page.Name, body.Records, got)
		}
	}
	return names, text, nil
}

// Each list of documents is a page, as many answers as it takes.
func TestPages(t *testing.T) {
	t.Parallel()
	w := &copied{ids: documents(t, parents.PerQuery+1)}
	var asked []string
	p := pager(t, w, func(ask string) (int, string) {
		if ask == "next" {
			return 200, batch(3, "", "06A3")
		}
		asked = append(asked, ask)
		if len(asked)%2 == 1 {
			return 200, batch(3, "next", "06A1", "06A2")
		}
		return 200, batch(0, "")
	})
	names, text, err := read(t, p)
	want := "\"Id\",\"ShareType\"\n\"06A1\",\"V\"\n\"06A2\",\"V\"\n\"06A3\",\"V\"\n\"Id\",\"ShareType\"\n"
	if err != nil || text != want || len(names) != 2 {
		t.Errorf("%q, %q, %v", names, text, err)
	}
	head, last := "SELECT Id, ShareType FROM ContentDocumentLink WHERE ContentDocumentId IN ('"+w.ids[0]+"',",
		w.ids[parents.PerQuery]
	if !strings.HasPrefix(asked[0], head) || strings.Contains(asked[0], last) || !strings.Contains(asked[1], last) {
		t.Errorf("%q", asked)
	}
	if _, where, _ := strings.Cut(asked[0], "WHERE "); len(where) > 4000 {
		t.Errorf("a WHERE of %d characters", len(where))
	}

	again, _, err := read(t, p)
	if err != nil || !slices.Equal(again, names) {
		t.Errorf("%q, then %q: %v", names, again, err)
	}
	w.ids = w.ids[1:] // a document is gone: what was read before is no page any more
	if other, _, err := read(t, p); err != nil || len(other) != 1 || slices.Contains(names, other[0]) {
		t.Errorf("%q, then %q: %v", names, other, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	one := documents(t, 1)
	for name, tt := range map[string]struct {
		copied      copied
		first, next string
		status      int
		class       plan.Class
		says        string
	}{
		"fewer than counted": {copied{ids: one}, batch(3, "n", "1"), batch(3, "", "2"), 200, plan.Retry, "brought 2"},
		"fewer at once":      {copied{ids: one}, batch(3, "", "1"), "", 200, plan.Retry, "brought 1"},
		"more than counted": {copied{ids: one}, batch(2, "n", "1"), batch(2, "", "2", "3"), 200, plan.Bug,
			"brings more"},
		"a circle": {copied{ids: one}, batch(9, "n", "1"), batch(9, "n", "2"), 200, plan.Bug, "circle"},
		"refused": {copied{ids: one}, `[{"errorCode":"MALFORMED_QUERY","message":"no"}]`, "", 400, plan.Fix,
			"MALFORMED_QUERY"},
		"no object with documents": {copied{none: true}, "", "", 200, plan.Fix, "the copy has no documents"},
		"masked documents": {copied{ids: []string{"5e884898da28047151d0e56f8dc62927"}}, "", "", 200, plan.Fix,
			"are no Ids"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := pager(t, &tt.copied, func(ask string) (int, string) {
				if ask == "n" {
					return 200, tt.next
				}
				return tt.status, tt.first
			})
			_, _, err := read(t, p)
			if plan.ClassOf(err) != tt.class || !strings.Contains(fmt.Sprint(err), tt.says) {
				t.Errorf("%s: %v", plan.ClassOf(err), err)
			}
		})
	}
}

// However many documents there are, a list ends where the one before did.
func TestManyDocuments(t *testing.T) {
	t.Parallel()
	const n = 250*parents.PerQuery + 7
	p := pager(t, &copied{ids: documents(t, n)}, func(string) (int, string) { return 200, batch(0, "") })
	calls, err := p.Calls(t.Context())
	if calls != 251 || err != nil {
		t.Errorf("%d calls, %v", calls, err)
	}
	p = pager(t, &copied{none: true}, func(string) (int, string) { return 200, batch(0, "") })
	if calls, err := p.Calls(t.Context()); calls != 0 || err != nil {
		t.Errorf("before the first run: %d calls, %v", calls, err)
	}
}
