package write_test

import (
	"crypto/md5" // #nosec G501 -- the org's own checksum
	encoding "encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/write"
)

const (
	versions = "POST /services/data/v66.0/sobjects/ContentVersion"
	version  = "068000000000001AAA"
)

// zeros are a body that nobody holds.
type zeros struct{ left int64 }

func (z *zeros) Read(p []byte) (int, error) {
	n := int64(len(p))
	if n = min(n, z.left); n == 0 {
		return 0, io.EOF
	}
	clear(p[:n])
	z.left -= n
	return int(n), nil
}

func (z *zeros) Close() error { return nil }

func file(text string) write.File {
	return write.File{Object: "ContentVersion", Key: "Key__c", Size: int64(len(text)),
		Fields: write.Fields{"Title": []byte(`"a"`), "Key__c": []byte(`"k"`)},
		Open:   func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// parts reads what was uploaded.
func parts(r *http.Request) (fields map[string]any, size int64, sum string, err error) {
	read, err := r.MultipartReader()
	if err != nil {
		return nil, 0, "", err
	}
	entity, err := read.NextPart()
	if err != nil || entity.FormName() != "entity_content" || entity.FileName() != "" {
		return nil, 0, "", fmt.Errorf("the first part: %w", err)
	}
	if err = encoding.NewDecoder(entity).Decode(&fields); err != nil {
		return nil, 0, "", err
	}
	body, err := read.NextPart()
	if err != nil || body.FormName() != "VersionData" || body.FileName() == "" {
		return nil, 0, "", fmt.Errorf("the second part: %w", err)
	}
	digest := md5.New() // #nosec G401 -- as above
	if size, err = io.Copy(digest, body); err != nil {
		return nil, 0, "", err
	}
	if _, err = read.NextPart(); err != io.EOF {
		return nil, 0, "", fmt.Errorf("a third part: %w", err)
	}
	return fields, size, fmt.Sprintf("%x", digest.Sum(nil)), nil
}

var made = fmt.Sprintf(`{"id":%q,"success":true,"errors":[]}`, version)

func TestUpload(t *testing.T) {
	for _, text := range []string{"", "a", "--boundary\r\n\r\n", strings.Repeat("0123456789", 100_000)} {
		o := newOrg(t)
		o.mux.HandleFunc(versions, func(w http.ResponseWriter, r *http.Request) {
			fields, size, sum, err := parts(r)
			if err != nil || fields["Title"] != "a" || size != int64(len(text)) ||
				sum != fmt.Sprintf("%x", md5.Sum([]byte(text))) { // #nosec G401 -- as above
				t.Errorf("%v, %d, %s, %v", fields, size, sum, err)
			}
			reply(201, made)(w, r)
		})
		outcome, err := o.Upload(t.Context(), file(text))
		if err != nil {
			t.Fatal(err)
		}
		check(t, []write.Outcome{outcome}, "0 "+version+" done")
	}
}

// A file of 1 GB takes no more memory than a small one.
func TestUploadMemoryIsFlat(t *testing.T) {
	o := newOrg(t)
	const size = 1 << 30
	o.mux.HandleFunc(versions, func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); err != nil || n < size {
			t.Errorf("%d bytes came, %v", n, err)
		}
		reply(201, made)(w, r)
	})
	f := file("")
	f.Size, f.Open = size, func() (io.ReadCloser, error) { return &zeros{size}, nil }

	var peak atomic.Uint64
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapAlloc))
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	outcome, err := o.Upload(t.Context(), f)
	close(stop)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	check(t, []write.Outcome{outcome}, "0 "+version+" done")
	t.Logf("%d MiB at most", peak.Load()>>20)
	if peak.Load() > 32<<20 {
		t.Errorf("the upload of 1 GiB took %d MiB", peak.Load()>>20)
	}
}

// What can't be sent is known before anything is.
func TestUploadRefuses(t *testing.T) {
	o := newOrg(t)
	large, own, negative := file(""), file(""), file("")
	large.Size = 2<<30 + 1
	own.Fields["versiondata"] = []byte(`"x"`)
	negative.Size = -1
	attachment := file("")
	attachment.Object, attachment.Size = "Attachment", 500<<20+1
	for name, f := range map[string]write.File{"large": large, "negative": negative, "attachment": attachment} {
		outcome, err := o.Upload(t.Context(), f)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		check(t, []write.Outcome{outcome}, "0  failed REQUEST_ENTITY_TOO_LARGE too large fix")
	}
	outcome, err := o.Upload(t.Context(), own)
	if err != nil {
		t.Error(err)
	}
	check(t, []write.Outcome{outcome}, "0  failed INVALID_FIELD value fix")
	if _, err := o.Upload(t.Context(), write.File{Object: "Account"}); plan.ClassOf(err) != plan.Bug {
		t.Error(err)
	}
	if n := o.sent(""); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// A stored body that isn't as long as its row says, or breaks, is never made a file of.
func TestUploadOfAWrongBody(t *testing.T) {
	broken := errors.New("broken")
	for name, open := range map[string]func() (io.ReadCloser, error){
		"shorter": func() (io.ReadCloser, error) { return &zeros{9_999}, nil },
		"longer":  func() (io.ReadCloser, error) { return &zeros{10_001}, nil },
		"breaks": func() (io.ReadCloser, error) {
			return io.NopCloser(io.MultiReader(&zeros{5_000}, io.MultiReader(errReader{broken}))), nil
		},
		"missing": func() (io.ReadCloser, error) { return nil, broken },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.mux.HandleFunc(versions, func(w http.ResponseWriter, r *http.Request) {
				if _, _, _, err := parts(r); err == nil {
					t.Error("a whole request came")
				}
				reply(400, `[{"errorCode":"JSON_PARSER_ERROR","message":"x"}]`)(w, r)
			})
			f := file("")
			f.Size, f.Open = 10_000, open
			outcome, err := o.Upload(t.Context(), f)
			if err == nil || outcome.State != write.Failed {
				t.Errorf("%+v, %v", outcome, err)
			}
			if n := o.sent("GET"); n != 0 {
				t.Errorf("%d questions were asked", n)
			}
		})
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

// A file whose answer is lost is looked for by its key; one of another size isn't it.
func TestLostUpload(t *testing.T) {
	found := func(size string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			record := `{"Id":"` + version + `","Key__c":"k"}`
			if strings.HasPrefix(r.URL.Query().Get("q"), "SELECT ContentSize FROM") {
				record = `{"ContentSize":` + size + `}`
			}
			reply(200, `{"totalSize":1,"done":true,"records":[`+record+`]}`)(w, r)
		}
	}
	for name, c := range map[string]struct {
		found http.HandlerFunc
		want  string
	}{
		"there":        {found("4"), "0 " + version + " done"},
		"another size": {found("5"), "0  unknown live"},
		"not there":    {reply(200, `{"totalSize":0,"done":true,"records":[]}`), "0  unknown absent"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrg(t)
			o.mux.HandleFunc(versions, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				reset(w, r)
			})
			o.handle("GET /services/data/v66.0/query", c.found)
			outcome, err := o.Upload(t.Context(), file("body"))
			if err != nil {
				t.Fatal(err)
			}
			check(t, []write.Outcome{outcome}, c.want)
			if n := o.sent("POST"); n != 1 {
				t.Errorf("%d uploads were sent", n)
			}
		})
	}
}

// A file that the org refuses is an outcome; limits and lines are errors.
func TestRefusedUpload(t *testing.T) {
	o := newOrg(t)
	o.handle(versions, refusal(400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded"),
		refusal(403, "REQUEST_LIMIT_EXCEEDED", "x"))
	outcome, err := o.Upload(t.Context(), file("body"))
	if err != nil {
		t.Fatal(err)
	}
	check(t, []write.Outcome{outcome}, "0  failed STORAGE_LIMIT_EXCEEDED no room full")
	if _, err = o.Upload(t.Context(), file("body")); plan.ClassOf(err) != plan.Wait {
		t.Error(err)
	}
}

// A server that takes no more of a body is given up, however large the body is.
func TestUploadThatIsNotTaken(t *testing.T) {
	o := newOrg(t)
	done := make(chan struct{})
	o.mux.HandleFunc(versions, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadFull(r.Body, make([]byte, 1<<20))
		<-done
	})
	defer close(done)
	o.handle("GET /services/data/v66.0/query", reply(200, `{"totalSize":0,"done":true,"records":[]}`))
	config := o.config
	config.Now = time.Now
	config.Patience = salesforce.Patience{Answer: 5 * time.Second, Stall: 200 * time.Millisecond}
	client, err := salesforce.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w, err := write.New(client, leave(1))
	if err != nil {
		t.Fatal(err)
	}
	f := file("")
	f.Size, f.Open = 1<<30, func() (io.ReadCloser, error) { return &zeros{1 << 30}, nil }
	outcome, err := w.Upload(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	check(t, []write.Outcome{outcome}, "0  unknown absent")
}
