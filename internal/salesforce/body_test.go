package salesforce_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

const versionData = "/services/data/v66.0/sobjects/ContentVersion/068000000000001AAA/VersionData"

// sends answers with a text under some headers, as "Name: value".
func sends(status int, text string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, h := range headers {
			name, value, _ := strings.Cut(h, ": ")
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func TestBody(t *testing.T) {
	t.Parallel()
	const text = "<html>a web page that somebody has uploaded</html>"
	inParts := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "bytes=7-" || r.Header.Get("Accept-Encoding") != "identity" {
			t.Error(r.Header)
		}
		sends(206, text[7:], fmt.Sprintf("Content-Range: bytes 7-%d/%d", len(text)-1, len(text)))(w, r)
	}
	tests := []struct {
		name    string
		from    int64
		handler http.HandlerFunc
		want    salesforce.Body // nothing where it is refused
		text    string
	}{
		{"whole", 0, sends(200, text, "Content-Type: text/html;charset=UTF-8"),
			salesforce.Body{Size: 50, Type: "text/html"}, text},
		{"no type", 0, sends(200, text, "Content-Type: ;;"), salesforce.Body{Size: 50}, text},
		{"the rest", 7, inParts, salesforce.Body{From: 7, Size: 50, Type: "text/plain"}, text[7:]},
		{"parts are ignored", 7, sends(200, text, "Content-Type: a/b"), salesforce.Body{Size: 50, Type: "a/b"}, text},
		{"the rest of who knows what", 7, sends(206, text, "Content-Range: bytes 7-49/*", "Content-Type: a/b"),
			salesforce.Body{From: 7, Size: -1, Type: "a/b"}, text},
		{"another part", 7, sends(206, text, "Content-Range: bytes 8-49/50"), salesforce.Body{}, ""},
		{"a part of no place", 7, sends(206, text, "Content-Range: lines 7"), salesforce.Body{}, ""},
		{"a part that nobody asked for", 0, sends(206, text, "Content-Range: bytes 0-49/50"), salesforce.Body{}, ""},
		{"packed", 0, sends(200, text, "Content-Encoding: br"), salesforce.Body{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := newOrg(t)
			o.handle("GET "+versionData, test.handler)
			b, err := o.Body(t.Context(), "ContentVersion", "068000000000001AAA", "VersionData", test.from)
			if test.text == "" {
				if err == nil || plan.ClassOf(err) != plan.Bug || strings.Contains(err.Error(), "html") {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			got, err := io.ReadAll(b)
			if err != nil || string(got) != test.text {
				t.Errorf("%q, %v", got, err)
			}
			if b.From != test.want.From || b.Size != test.want.Size || b.Type != test.want.Type || o.Calls() != 1 {
				t.Errorf("%+v after %d calls", b, o.Calls())
			}
		})
	}
}

// A body that is cut ends with an error that is worth another try, and an error of the org is
// one, whatever it looks like.
func TestBodyRefused(t *testing.T) {
	t.Parallel()
	o := newOrg(t)
	o.handle("GET "+versionData, cut(http.Header{"Content-Type": {"a/b"}}, "the start"),
		refusal(404, "NOT_FOUND", "The requested resource does not exist"),
		sends(403, "<html>", "Content-Type: text/html"))
	ask := func() (string, error) {
		b, err := o.Body(t.Context(), "ContentVersion", "068000000000001AAA", "VersionData", 0)
		if err != nil {
			return "", err
		}
		defer b.Close()
		text, err := io.ReadAll(b)
		return string(text), err
	}
	if text, err := ask(); text != "the start" || plan.ClassOf(err) != plan.Retry {
		t.Errorf("%q, %v", text, err)
	}
	_, err := ask()
	want(t, err, plan.Fix, "NOT_FOUND")
	if _, err = ask(); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}
