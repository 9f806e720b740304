package fetch_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/replicate/fetch"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/warehouse/bodies"
)

var now = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// An answer is how an org answers one call for a body from a place on.
type answer func(from int64) (*salesforce.Body, error)

// An org answers the calls for a file in turn; the last answer stays.
type org struct {
	mu      sync.Mutex
	answers map[string][]answer
	calls   map[string]int
}

func (o *org) Body(_ context.Context, _, id, _ string, from int64) (*salesforce.Body, error) {
	o.mu.Lock()
	n := o.calls[id]
	o.calls[id]++
	all := o.answers[id]
	o.mu.Unlock()
	return all[min(n, len(all)-1)](from)
}

// says answers with a text from its start, and tells its length where size is true.
func says(text string, size bool) answer {
	return func(int64) (*salesforce.Body, error) {
		return given(strings.NewReader(text), 0, int64(len(text)), size), nil
	}
}

// parts is says of an org that gives parts.
func parts(text string) answer {
	return func(from int64) (*salesforce.Body, error) {
		return given(strings.NewReader(text[from:]), from, int64(len(text)), true), nil
	}
}

// cutAt is an answer that is cut after so many bytes.
func cutAt(a answer, n int64) answer {
	return func(from int64) (*salesforce.Body, error) {
		b, err := a(from)
		if err == nil {
			b.ReadCloser = io.NopCloser(io.MultiReader(io.LimitReader(b.ReadCloser, n),
				iotest.ErrReader(plan.Failf(plan.Retry, "", "answer was cut"))))
		}
		return b, err
	}
}

func given(r io.Reader, from, size int64, tells bool) *salesforce.Body {
	if !tells {
		size = -1
	}
	return &salesforce.Body{ReadCloser: io.NopCloser(r), From: from, Size: size, Type: "text/plain"}
}

// refuses answers with an error of HTTP.
func refuses(status int, code string) answer {
	return func(int64) (*salesforce.Body, error) {
		return nil, fault.Classify(&fault.Error{Status: status, Code: code, Message: "secret words"})
	}
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

func sha256Of(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// version is a file whose row says that its body is a text.
func version(id, text string) bodies.File {
	return bodies.File{ID: id, Version: bodies.Version{Checksum: md5Of(text)}, Size: int64(len(text)), Location: "S"}
}

func reader(t *testing.T, answers ...answer) (*fetch.Reader, *org, blob.Store) {
	t.Helper()
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := &org{answers: map[string][]answer{"1": answers}, calls: map[string]int{}}
	fields, _ := body.Of("ContentVersion")
	return &fetch.Reader{Org: o, Store: store, Fields: fields, Folder: t.TempDir(),
		Now: func() time.Time { return now }}, o, store
}

// Whatever a body is, it is stored whole and right, or its file is kept aside with a reason.
func TestBodiesThatGoWrong(t *testing.T) {
	t.Parallel()
	const text = "the quick brown fox"
	good := version("1", text)
	unsaid, unsized, external, link := good, good, good, good
	unsaid.Version.Checksum = ""
	unsized.Size = -1
	external.Location = "E"
	link.Size, link.Version.Checksum = 0, ""
	empty := version("1", "")
	tests := []struct {
		name    string
		file    bodies.File
		answers []answer
		reason  string // "" where it is copied
		calls   int
		anew    int64
	}{
		{"right", good, []answer{says(text, true)}, "", 1, 0},
		{"of a length that nobody says", good, []answer{says(text, false)}, "", 1, 0},
		{"without a checksum", unsaid, []answer{says(text, true)}, "", 1, 0},
		{"of a size that the row doesn't say", unsized, []answer{says(text, false)}, "", 1, 0},
		{"empty", empty, []answer{says("", true)}, "", 1, 0},
		{"external", external, []answer{says(text, true)}, fetch.External, 0, 0},
		{"a link", link, []answer{says(text, true)}, fetch.Link, 0, 0},
		{"shorter, and says so", good, []answer{says(text[:7], true)}, "shorter: 7 of 19 bytes", 1, 0},
		{"shorter", good, []answer{says(text[:7], false)}, "shorter: 7 of 19 bytes", 1, 0},
		{"longer, and says so", good, []answer{says(text+".", true)}, "longer than 19 bytes", 1, 0},
		{"longer", good, []answer{says(text+strings.Repeat(".", 999), false)}, "longer than 19 bytes", 1, 0},
		{"shorter without a checksum", unsaid, []answer{says(text[:7], false)}, "shorter: 7 of 19 bytes", 1, 0},
		{"another one", good, []answer{says("The quick brown fox", true)}, "another checksum", 1, 0},
		{"cut, and the rest comes", good, []answer{cutAt(parts(text), 5), cutAt(parts(text), 0), parts(text)},
			"", 3, 0},
		{"cut, and parts are ignored", good, []answer{cutAt(says(text, true), 5), says(text, true)}, "", 2, 1},
		{"cut, and another part comes", good, []answer{cutAt(parts(text), 5), parts("THE QUICK BROWN FOX"),
			says(text, true)}, "", 3, 1},
		{"cut, and parts are refused", good, []answer{cutAt(parts(text), 5), refuses(416, ""), says(text, true)},
			"", 3, 1},
		{"cut again and again", good, []answer{cutAt(parts(text), 0)}, "cut: the line breaks", 9, 0},
		{"cut again and again, from the start", good, []answer{cutAt(says(text, true), 9)},
			"cut: the line breaks", 9, 8},
		{"gone", good, []answer{refuses(404, "NOT_FOUND")}, "gone: HTTP 404 NOT_FOUND", 1, 0},
		{"gone while it is read", good, []answer{cutAt(parts(text), 5), refuses(404, "ENTITY_IS_DELETED")},
			"gone: HTTP 404 ENTITY_IS_DELETED", 2, 0},
		{"refused", good, []answer{refuses(403, "INSUFFICIENT_ACCESS")}, "refused: HTTP 403 INSUFFICIENT_ACCESS", 1, 0},
		{"refused in words", good, []answer{refuses(403, "who knows: 7")}, "refused: HTTP 403", 1, 0},
		{"the server fails", good, []answer{refuses(500, "UNKNOWN_EXCEPTION")},
			"unread: HTTP 500 UNKNOWN_EXCEPTION", 1, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, o, store := reader(t, test.answers...)
			line, err := r.Read(t.Context(), test.file)
			if err != nil {
				t.Fatal(err)
			}
			if line.Reason != test.reason || line.ID != "1" || line.Version != test.file.Version {
				t.Errorf("%+v", line)
			}
			if o.calls["1"] != test.calls || r.Anew() != test.anew {
				t.Errorf("%d calls, %d bodies begun anew", o.calls["1"], r.Anew())
			}
			judge(t, store, line, test.file, text)
		})
	}
}

// judge looks at what is stored, and at the line's state.
func judge(t *testing.T, store blob.Store, line bodies.Line, f bodies.File, text string) {
	t.Helper()
	if f.Size == 0 {
		text = ""
	}
	in, err := store.Open(t.Context(), body.Key(sha256Of(text)))
	if line.Reason != "" {
		if !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("something is stored: %v", err)
		}
		want := bodies.Aside
		if line.Reason == fetch.External || line.Reason == fetch.Link {
			want = bodies.Nothing
		}
		if line.State != want || (want == bodies.Aside) != line.Again.Equal(now.Add(time.Hour)) {
			t.Errorf("%+v", line)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, err := io.ReadAll(in); err != nil || string(got) != text {
		t.Errorf("%q, %v", got, err)
	}
	if line.State != bodies.Copied || line.SHA256 != sha256Of(text) || line.MD5 != md5Of(text) ||
		line.Size != int64(len(text)) || line.Type != "text/plain" || !line.ReadAt.Equal(now) {
		t.Errorf("%+v", line)
	}
}

// Some failures are no file's own: then nobody goes on.
func TestNobodyGoesOn(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long", 100_000)
	for name, test := range map[string]struct {
		answer answer
		spoil  func(t *testing.T, r *fetch.Reader)
		class  plan.Class
	}{
		"the org's calls are used up": {answer: refuses(403, "REQUEST_LIMIT_EXCEEDED"), class: plan.Wait},
		"the session ended":           {answer: refuses(401, "INVALID_SESSION_ID"), class: plan.Fix},
		"the stage is full": {answer: says(long, true), class: plan.Full, spoil: func(_ *testing.T, r *fetch.Reader) {
			r.Store = fullStore{r.Store}
		}},
		"nothing can be written": {answer: says(long, true), class: plan.Fix,
			spoil: func(t *testing.T, r *fetch.Reader) { r.Folder = filepath.Join(t.TempDir(), "none") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _, _ := reader(t, test.answer)
			if test.spoil != nil {
				test.spoil(t, r)
			}
			_, err := r.Read(t.Context(), version("1", long))
			if err == nil || plan.ClassOf(err) != test.class {
				t.Errorf("class %s: %v", plan.ClassOf(err), err)
			}
		})
	}
	r, _, _ := reader(t, says(long, true))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Read(ctx, version("1", "short")); err == nil {
		t.Error("a cancelled reading keeps its file aside")
	}
}

// fullStore has no room.
type fullStore struct{ blob.Store }

func (fullStore) Put(context.Context, string, io.Reader) (blob.Info, error) {
	return blob.Info{}, plan.Failf(plan.Full, "make room", "no space left on device")
}

// A body that takes more than limits.stage isn't begun, and a large one leaves no file behind.
func TestLargeBodies(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789abcdef", 100_000)
	r, o, store := reader(t, cutAt(parts(large), 1_000_000), parts(large))
	r.Most = int64(len(large)) - 1
	line, err := r.Read(t.Context(), version("1", large))
	if err != nil || line.Reason != "larger than limits.stage" || o.calls["1"] != 0 {
		t.Errorf("%+v, %v", line, err)
	}
	r.Most++
	line, err = r.Read(t.Context(), version("1", large))
	if err != nil || line.SHA256 != sha256Of(large) {
		t.Errorf("%+v, %v", line, err)
	}
	in, err := store.Open(t.Context(), body.Key(line.SHA256))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if got, err := io.ReadAll(in); err != nil || !bytes.Equal(got, []byte(large)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if left, err := os.ReadDir(r.Folder); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}

// A file that can't be read in its newest version keeps the body of an older one, and is left
// alone for longer and longer.
func TestAsideKeepsWhatThereWas(t *testing.T) {
	t.Parallel()
	r, _, _ := reader(t, refuses(http.StatusNotFound, "NOT_FOUND"))
	f := version("1", "new")
	f.Line = &bodies.Line{ID: "1", State: bodies.Copied, SHA256: sha256Of("old"), MD5: md5Of("old"), Size: 3}
	var pauses []string
	for range 6 {
		line, err := r.Read(t.Context(), f)
		if err != nil || line.SHA256 != sha256Of("old") || line.State != bodies.Aside || line.Version != f.Version {
			t.Fatalf("%+v, %v", line, err)
		}
		pauses = append(pauses, line.Again.Sub(now).String())
		f.Line = &line
	}
	if got := strings.Join(pauses, " "); got != "1h0m0s 4h0m0s 16h0m0s 64h0m0s 168h0m0s 168h0m0s" {
		t.Error(got)
	}
	if f.Line.Tries != 6 {
		t.Error(f.Line.Tries)
	}
}
