package salesforce_test

import (
	"bytes"
	stdjson "encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/schema"
)

// whoever is a client of a server that answers everything with one text.
func whoever(t *testing.T, text []byte) *salesforce.Client {
	t.Helper()
	c, err := salesforce.New(salesforce.Config{
		URL: "https://a.my.salesforce.com", APIVersion: "66.0", Login: login.Token{Token: "t"}, Now: time.Now,
		HTTP: &http.Client{Transport: wireFunc(func(*http.Request) (*http.Response, error) {
			h := http.Header{"Date": {"Fri, 02 Jan 2026 03:04:05 GMT"}}
			return &http.Response{StatusCode: 200, Header: h, Body: io.NopCloser(bytes.NewReader(text))}, nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told checks what is said about an answer: it is JSON if it was taken, and where it wasn't the
// error has a class, is short, and repeats no value.
func told(t *testing.T, text []byte, err error) {
	t.Helper()
	if err == nil {
		if !stdjson.Valid(text) {
			t.Errorf("%q is taken for an answer", text)
		}
		return
	}
	class, said := plan.ClassOf(err), err.Error()
	if class == plan.Wait || len(said) > 1000 || strings.Contains(said, secret) {
		t.Errorf("class %s: %v", class, err)
	}
}

func FuzzDescribe(f *testing.F) {
	for _, text := range []string{
		`{}`, `null`, `{"name":"Account","label":null,"fields":[{"name":"Id","type":"id","length":18}]}`,
		`{"fields":null}`, `{"fields":[{"picklistValues":[{"value":"s3cr3t-value"}]}],"childRelationships":[{}]}`,
		`{"fields":[{"length":123456789012345678901234}]}`, `{"name":7}`, `{"fields":[1]}`, `{"fields":[`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := whoever(t, text).Describe(t.Context(), "Account")
		told(t, text, err)
		var whole schema.Object // as encoding/json has it, which knows no case
		if werr := stdjson.Unmarshal(text, &whole); err == nil && werr == nil && len(got.Fields) > len(whole.Fields) {
			t.Errorf("%d fields of %d", len(got.Fields), len(whole.Fields))
		}
	})
}

func FuzzLimits(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"A":{"Max":1,"Remaining":2}}`, `{"A":{"Max":1e99}}`, `{"A":[]}`, `[]`, `null`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		limits, err := whoever(t, text).Limits(t.Context())
		told(t, text, err)
		for _, l := range limits {
			_ = l.UsedUp(40)
		}
	})
}

func FuzzResultPages(f *testing.F) {
	for _, text := range []string{
		`{"resultPages":[{"resultUrl":"/a"}],"done":true}`, `{"resultPages":[],"nextRecordsUrl":"/b","done":false}`,
		`{"done":true,"nextRecordUrl":"/b"}`, `{"done":"s3cr3t-value"}`, `{}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		job := salesforce.QueryJob{ID: "750", Version: "66.0"}
		_, next, err := whoever(t, text).ResultPages(t.Context(), job, "")
		told(t, text, err)
		if err != nil && next != "" {
			t.Errorf("%v, and it goes on at %q", err, next)
		}
	})
}

func FuzzChanges(f *testing.F) {
	for _, text := range []string{
		`{"ids":["1"],"latestDateCovered":"2026-01-02T03:04:05.000+0000"}`, `{"ids":null}`, `{"ids":[7]}`,
		`{"deletedRecords":[{"id":"1","deletedDate":"2026-01-02T03:04:05.000+0000"}],"earliestDateAvailable":"x"}`,
		`{"latestDateCovered":"s3cr3t-value"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c := whoever(t, text)
		start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		_, err := c.Updated(t.Context(), "Account", start, start.Add(time.Hour))
		told(t, text, err)
		_, err = c.Deleted(t.Context(), "Account", start, start.Add(time.Hour))
		told(t, text, err)
	})
}

func FuzzComposite(f *testing.F) {
	for _, text := range []string{
		`{"compositeResponse":[{"body":{"name":"A"},"httpStatusCode":200,"referenceId":"r0"}]}`,
		`{"compositeResponse":[{"body":[{"errorCode":"NOT_FOUND"}],"httpStatusCode":404,"referenceId":"r0"}]}`,
		`{"compositeResponse":[{"body":"s3cr3t-value","httpStatusCode":200,"referenceId":"r0"}]}`,
		`{"compositeResponse":[{"referenceId":"r1"},{"referenceId":"r0"}]}`, `{"compositeResponse":{}}`, `[]`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := whoever(t, text).DescribeEach(t.Context(), []string{"Account"})
		told(t, text, err)
		for _, one := range got {
			if one.Err == nil && !bytes.Contains(text, []byte("r0")) && !bytes.Contains(text, []byte(`\u`)) {
				t.Errorf("%q answers nothing, and is taken for a description", text)
			}
		}
	})
}
