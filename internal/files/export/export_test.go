package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/files/holdings"
	"catchment/internal/plan"
)

// stored puts a body into a stage.
func stored(t *testing.T, stage blob.Store, id, name, text string) holdings.Body {
	t.Helper()
	sum := sha256.Sum256([]byte(text))
	b := holdings.Body{
		ID: id, Name: name, Key: "bodies/" + id, Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:]),
	}
	if _, err := stage.Put(t.Context(), b.Key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return b
}

func newStage(t *testing.T) blob.Store {
	t.Helper()
	stage, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return stage
}

func open(t *testing.T, path string, o Options) *Folder {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// holds compares what is in a folder: names, and their texts.
func holds(t *testing.T, path string, want map[string]string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(path, e.Name()))
		if err != nil || want[e.Name()] != string(text) {
			t.Errorf("%q has %q, %v", e.Name(), text, err)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func TestWrite(t *testing.T) {
	stage, path := newStage(t), filepath.Join(t.TempDir(), "made", "out")
	bodies := []holdings.Body{
		stored(t, stage, "068A", "a.txt", "one"),
		stored(t, stage, "068B", "A.TXT", "two"),
		stored(t, stage, "068C", "../../etc/passwd", "three"),
		stored(t, stage, "068D", "empty", ""),
	}
	want := map[string]string{"a.txt": "one", "A (068B).TXT": "two", "_._.._etc_passwd": "three", "empty": ""}
	for round := range 2 { // the second one finds all of them there
		f := open(t, path, Options{Stage: stage})
		for i, b := range bodies {
			w, err := f.Write(t.Context(), b)
			if err != nil || w.Renamed != (i == 1 || i == 2) || w.Already != (round == 1) {
				t.Errorf("%s: %+v, %v", b.ID, w, err)
			}
		}
		holds(t, path, want)
	}
}

// What is there stays, whatever it is, but by force.
func TestWhatIsThereStays(t *testing.T) {
	stage, path := newStage(t), t.TempDir()
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"same size", "another"} {
		if err := os.WriteFile(filepath.Join(path, name), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(path, "link")); err != nil {
		t.Fatal(err)
	}
	bodies := []holdings.Body{stored(t, stage, "1", "same size", "new"), stored(t, stage, "2", "another", "newer"),
		stored(t, stage, "3", "link", "mine")}
	f := open(t, path, Options{Stage: stage})
	for _, b := range bodies {
		_, err := f.Write(t.Context(), b)
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "is there") ||
			strings.Contains(err.Error(), b.Name) {
			t.Errorf("%s: %v", b.Name, err)
		}
	}
	holds(t, path, map[string]string{"same size": "old", "another": "old", "link": "mine"})
	f = open(t, path, Options{Stage: stage, Force: true})
	bodies[2] = stored(t, stage, "4", "link", "forced")
	for _, b := range bodies {
		if _, err := f.Write(t.Context(), b); err != nil {
			t.Error(err)
		}
	}
	holds(t, path, map[string]string{"same size": "new", "another": "newer", "link": "forced"})
	if text, err := os.ReadFile(outside); string(text) != "mine" {
		t.Errorf("outside is %q, %v", text, err)
	}
}

// A stage that is not what it was gives no file, not even half of one.
func TestABodyThatIsNotWhatWasCopied(t *testing.T) {
	stage, path := newStage(t), t.TempDir()
	broken := errors.New("the line is down")
	for name, c := range map[string]struct {
		stored io.Reader
		err    error
		says   string
	}{
		"lost":    {err: blob.ErrNotFound, says: "no such blob"},
		"shorter": {stored: strings.NewReader("tex"), says: "not those that were copied"},
		"longer":  {stored: io.MultiReader(strings.NewReader("text"), endless{}), says: "not those that were copied"},
		"other":   {stored: strings.NewReader("tExt"), says: "not those that were copied"},
		"broken":  {stored: io.MultiReader(strings.NewReader("te"), iotest.ErrReader(broken)), says: broken.Error()},
	} {
		b := stored(t, stage, name, name, "text")
		f := open(t, path, Options{Stage: faulty{stage, c.stored, c.err}})
		_, err := f.Write(t.Context(), b)
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), b.ID) {
			t.Errorf("%s: %v", name, err)
		}
		if lost := name != "broken"; lost && (plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "") {
			t.Errorf("%s: %v has no hint", name, err)
		}
	}
	stopped, stop := context.WithCancelCause(t.Context())
	stop(plan.ErrStopped)
	_, err := open(t, path, Options{Stage: stage}).Write(stopped, stored(t, stage, "5", "stopped", "text"))
	if !errors.Is(err, plan.ErrStopped) {
		t.Error(err)
	}
	holds(t, path, nil)
}

func TestAPlaceThatCannotBeWrittenTo(t *testing.T) {
	stage, path := newStage(t), t.TempDir()
	b := stored(t, stage, "1", "file", "text")
	if _, err := File(t.Context(), Options{Stage: stage}, b, filepath.Join(path, "f")); err != nil {
		t.Fatal(err)
	}
	_, err := File(t.Context(), Options{Stage: stage}, b, filepath.Join(path, "f", "g"))
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Error(err)
	}
	_, err = File(t.Context(), Options{Stage: stage, Force: true}, b, path+"/.")
	if plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
	if err := Stream(t.Context(), stage, b, full{}); plan.ClassOf(err) != plan.Full {
		t.Error(err)
	}
	holds(t, path, map[string]string{"f": "text"})
}

// Some disks know no links; a file gets its name in another way there.
func TestADiskWithoutLinks(t *testing.T) {
	for _, without := range []error{syscall.EPERM, syscall.ENOTSUP, errors.ErrUnsupported} {
		stage, path := newStage(t), t.TempDir()
		f := open(t, path, Options{Stage: stage})
		f.link = func(string, string) error { return without }
		if _, err := f.Write(t.Context(), stored(t, stage, "1", "file", "text")); err != nil {
			t.Error(err)
		}
		holds(t, path, map[string]string{"file": "text"})
	}
}

// A process that was killed has left half a file, under a name that nobody takes for it.
func TestHalfAFileIsReplaced(t *testing.T) {
	stage, path := newStage(t), t.TempDir()
	b := stored(t, stage, "1", "file", "text")
	if err := os.WriteFile(filepath.Join(path, tempPrefix+b.SHA256+"-"+b.ID), []byte("te"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, path, Options{Stage: stage}).Write(t.Context(), b); err != nil {
		t.Error(err)
	}
	holds(t, path, map[string]string{"file": "text"})
}

// sha256sum itself reads the list, whatever the files are called.
func TestSumLine(t *testing.T) {
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum")
	}
	folder := t.TempDir()
	var list bytes.Buffer
	for _, name := range []string{
		"plain", " blank ", "-dash", `back\slash`, "line\nbreak", "carriage\rreturn", "ü", "*star",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(name))
		list.WriteString(SumLine(hex.EncodeToString(sum[:]), name) + "\n")
	}
	check := exec.CommandContext(t.Context(), tool, "--check", "--strict", "--quiet")
	check.Dir, check.Stdin = folder, &list
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%s%v", out, err)
	}
}

// A faulty store gives other bytes than it has.
type faulty struct {
	blob.Store
	bytes io.Reader
	err   error
}

func (f faulty) Open(context.Context, string) (io.ReadCloser, error) {
	return io.NopCloser(f.bytes), f.err
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }
