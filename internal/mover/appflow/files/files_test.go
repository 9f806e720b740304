package files_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"go.uber.org/goleak"

	"catchment/internal/fakeaws/bucket"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow/files"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A folder is a bucket in which a flow leaves files.
type folder struct {
	t       *testing.T
	objects *bucket.Bucket
	bucket  *files.Bucket
	files.Folder
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	f := &folder{t: t, objects: &bucket.Bucket{Page: 2}}
	at := httptest.NewServer(f.objects)
	transport := &http.Transport{}
	t.Cleanup(at.Close)
	t.Cleanup(transport.CloseIdleConnections)
	f.bucket = files.NewBucket(s3.New(s3.Options{
		Region: "eu-central-1", BaseEndpoint: &at.URL, UsePathStyle: true,
		HTTPClient: &http.Client{Transport: transport},
		Retryer:    retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = 1 }),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}), "acme", "sales/force/")
	f.Folder = files.Folder{Flow: "contacts", Executions: []mover.Execution{{ID: "e1"}}, Fields: []schema.Field{
		{Name: "Id", Type: schema.ID}, {Name: "Name", Type: schema.String}, {Name: "Seen", Type: schema.DateTime}}}
	return f
}

func (f *folder) put(key, body string) { f.objects.Put("acme/sales/force/"+key, []byte(body)) }

// pages lists the folder.
func (f *folder) pages() (pages []mover.Page, err error) {
	f.t.Helper()
	for p, err := range f.bucket.Pages(f.t.Context(), f.Folder) {
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}

// text opens a page and reads all of it.
func (f *folder) text(p mover.Page) (string, error) {
	f.t.Helper()
	body, err := p.Open(f.t.Context())
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(body)
	return string(text), errors.Join(err, body.Close())
}

// only is the text of the one page that is there, without its header.
func (f *folder) only() (string, error) {
	f.t.Helper()
	pages, err := f.pages()
	if err != nil || len(pages) != 1 {
		f.t.Fatalf("%d pages, %v", len(pages), err)
	}
	text, err := f.text(pages[0])
	_, records, _ := strings.Cut(text, "\n")
	return records, err
}

// Whose a file is, its folders say, in whatever order they stand, and nothing else.
func TestWhoseFilesTheyAre(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.Executions = []mover.Execution{{ID: "e2"}, {ID: "e1"}} // the later one ended first
	ours := []string{"contacts/e2/a", "contacts/e1/2026/01/02/b", "contacts/e1/v1/a", "contacts/2026/e1/c"}
	others := []string{"contacts/e3/a", "contacts/e1", "contacts/2026/e1", "contacts-2/e1/a", "contact/e1/a", "e1/a",
		"accounts/e1/a", "contacts/e11/a", "contacts/E1/a"}
	for _, key := range ours {
		f.put(key, "Id,Name,Seen\n1,"+key+",\n")
	}
	for _, key := range others {
		f.put(key, "Id,Name,Seen\n2,"+key+",\n")
	}
	f.objects.Put("acme/contacts/e1/a", []byte("Id,Name,Seen\n2,elsewhere,\n"))
	f.put("contacts/e1/", "") // the folder itself, as the console makes it
	pages, err := f.pages()
	if err != nil || len(pages) != len(ours) {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	want := []string{"contacts/e2/a", "contacts/2026/e1/c", "contacts/e1/2026/01/02/b", "contacts/e1/v1/a"}
	for i, p := range pages {
		text, err := f.text(p)
		if err != nil || !strings.Contains(text, want[i]) {
			t.Errorf("page %d: %q, %v, want %s", i, text, err, want[i])
		}
	}
	again, err := f.pages()
	for i := range pages {
		if err != nil || again[i].Name != pages[i].Name {
			t.Errorf("another listing has %s in the place of %s (%v)", again[i].Name, pages[i].Name, err)
		}
	}
}

// A file that isn't the one that was listed, or recorded, is gone.
func TestFilesThatAreGone(t *testing.T) {
	t.Parallel()
	is := func(t *testing.T, err error, want string) {
		t.Helper()
		if !errors.Is(err, mover.ErrGone) || plan.ClassOf(err) != plan.Retry || plan.HintOf(err) == "" ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v, hint %q", err, plan.HintOf(err))
		}
	}
	f := newFolder(t)
	f.Executions = []mover.Execution{{ID: "e1", Records: 1}, {ID: "e2"}}
	f.put("contacts/e2/a", "Id,Name,Seen\n")
	_, err := f.pages()
	is(t, err, "execution e1 of flow contacts has written 1 records, "+
		"and no file of it is in s3://acme/sales/force/contacts/")

	f.Executions = []mover.Execution{{ID: "e1", Bytes: 7}}
	_, err = f.pages()
	is(t, err, "no file of it")

	f.put("contacts/e1/a", "Id,Name,Seen\n1,a,\n")
	pages, err := f.pages()
	if err != nil || len(pages) != 1 {
		t.Fatal(pages, err)
	}
	f.put("contacts/e1/a", "Id,Name,Seen\n1,b,\n")
	_, err = f.text(pages[0])
	is(t, err, "file sales/force/contacts/e1/a was written anew after it was listed")
	if now, err := f.pages(); err != nil || now[0].Name == pages[0].Name {
		t.Error("what was written anew has the name of what was there before", err)
	}
	f.objects.Delete("acme/sales/force/contacts/e1/a")
	_, err = f.text(pages[0])
	is(t, err, "was taken away after it was listed")
}

// A listing that is throttled is tried again by whoever asked.
func TestListingIsThrottled(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.put("contacts/e1/a", "Id,Name,Seen\n")
	f.objects.Busy(1)
	if _, err := f.pages(); plan.ClassOf(err) != plan.Retry || errors.Is(err, mover.ErrGone) {
		t.Error(err)
	}
	if pages, err := f.pages(); err != nil || len(pages) != 1 {
		t.Error(pages, err)
	}
}

// CSV in every quoting that RFC 4180 knows gives the same records, in the order and with
// the columns that were asked for.
func TestCSV(t *testing.T) {
	t.Parallel()
	const want = "\"1\",\"a, \"\"b\"\"\r\nc\n\",\"2026-01-02T03:04:05.000Z\"\n\"2\",\"\",\"\"\n"
	for name, text := range map[string]string{
		"as it is needed": "Id,Name,Seen\n1,\"a, \"\"b\"\"\r\nc\n\",2026-01-02T03:04:05.000+0000\n2,,\n",
		"all": "\"Id\",\"Name\",\"Seen\"\n" +
			"\"1\",\"a, \"\"b\"\"\r\nc\n\",\"2026-01-02T03:04:05.000Z\"\n\"2\",\"\",\"\"\n",
		"CRLF":          "Id,Name,Seen\r\n1,\"a, \"\"b\"\"\r\nc\n\",2026-01-02T03:04:05Z\r\n2,,\r\n",
		"an open end":   "Id,Name,Seen\n1,\"a, \"\"b\"\"\r\nc\n\",1767323045000\n2,,",
		"another order": "Seen,Extra,Name,id\n2026-01-02T03:04:05.000Z,x,\"a, \"\"b\"\"\r\nc\n\",1\n,y,,2\n",
	} {
		f := newFolder(t)
		f.put("contacts/e1/a", text)
		if got, err := f.only(); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	f := newFolder(t)
	f.put("contacts/e1/a", "Id,Name,Seen\n")
	if got, err := f.only(); err != nil || got != "" {
		t.Errorf("a header alone: %q, %v", got, err)
	}
}

// What isn't of its type stays what it is: whoever stages the page keeps its record aside.
func TestValuesThatAreNone(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.Fields = append(f.Fields, schema.Field{Name: "Day", Type: schema.Date},
		schema.Field{Name: "On", Type: schema.Boolean},
		schema.Field{Name: "N", Type: schema.Int}, schema.Field{Name: "Amount", Type: schema.Currency})
	f.put("contacts/e1/a", "Id,Name,Seen,Day,On,N,Amount\n1,,someday,2026-13-01,maybe,1.5,12 EUR\n"+
		"2,,17673230,1767323045000,TRUE,2.0,1E-7\n3,,-626659200000,1772323200000,false,3,0.10\n"+
		"4,,1767323045000,2026-03-01T00:00:00.000Z,,,\n5,,,2026-03-01T10:00:00.000Z,,,\n")
	const want = "\"1\",\"\",\"someday\",\"2026-13-01\",\"maybe\",\"1.5\",\"12 EUR\"\n" +
		"\"2\",\"\",\"17673230\",\"1767323045000\",\"true\",\"2\",\"1E-7\"\n" +
		"\"3\",\"\",\"1950-02-22T00:00:00.000Z\",\"2026-03-01\",\"false\",\"3\",\"0.10\"\n" +
		"\"4\",\"\",\"2026-01-02T03:04:05.000Z\",\"2026-03-01\",\"\",\"\",\"\"\n" +
		"\"5\",\"\",\"\",\"2026-03-01T10:00:00.000Z\",\"\",\"\",\"\"\n"
	if got, err := f.only(); err != nil || got != want {
		t.Errorf("%q, %v", got, err)
	}
}

// A file that isn't what the flow writes is told by its key, without a value of it.
func TestFilesThatAreWrong(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a column is missing":    "Id,Seen\n1,\n",
		"a column twice":         "Id,Name,name,Seen\n1,secret,secret,\n",
		"too few fields":         "Id,Name,Seen\n1,secret\n",
		"too many fields":        "Id,Name,Seen\n1,secret,,x\n",
		"text behind a quote":    "Id,Name,Seen\n1,\"secret\"x,\n",
		"a quote that stays":     "Id,Name,Seen\n1,\"secret,\n2,,\n",
		"an Id of signs":         "Id,Name,Seen\n1;2,secret,\n",
		"a header that stays":    "\"Id,Name,Seen",
		"nothing but magic":      "PAR1",
		"Parquet that was cut":   "PAR1secretPAR",
		"Parquet that is broken": "PAR1" + strings.Repeat("secret", 100) + "\xff\xff\x00\x00PAR1",
	} {
		f := newFolder(t)
		f.put("contacts/e1/a", text)
		_, err := f.only()
		if !errors.Is(err, mover.ErrFailed) || plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" ||
			!strings.Contains(err.Error(), "file sales/force/contacts/e1/a: ") ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A quote that is never closed doesn't take the memory that the file has.
func TestEndlessValue(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.put("contacts/e1/a", "Id,Name,Seen\n1,\""+strings.Repeat("x", 60<<20)+"\",\n")
	if _, err := f.only(); !errors.Is(err, mover.ErrFailed) {
		t.Error(err)
	}
}

// A page can be read again, and be left in the middle.
func TestPagesAreReadAgain(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	rows := bytes.Repeat([]byte("1,name,\n"), 50_000)
	f.put("contacts/e1/a", "Id,Name,Seen\n"+string(rows))
	pages, err := f.pages()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		body, err := pages[0].Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(body, make([]byte, 1000)); err != nil {
			t.Error(err)
		}
		if err := body.Close(); err != nil {
			t.Error(err)
		}
	}
	text, err := f.text(pages[0])
	scanner := page.NewScanner(nil)
	_, werr := io.WriteString(scanner, text)
	shape, serr := scanner.Close()
	if err := errors.Join(err, werr, serr); err != nil || shape.Records != 50_000 {
		t.Errorf("%d records, %v", shape.Records, err)
	}
}
