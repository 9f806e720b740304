package stage_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/stage"
	"catchment/internal/value"
)

// keeping is a way on which texts of packed pages are kept, with the folder of its store.
func keeping(t *testing.T) (w stage.Way, root string, bytes *int64) {
	t.Helper()
	w = newWay(t)
	w.Source.Treatment = value.Treatment{}
	path, _ := w.Store.Where("x")
	bytes = new(int64)
	w.Texts = stage.NewTexts(w.Store, func(n int64) { *bytes += n })
	return w, filepath.Dir(path), bytes
}

// packedPage puts a packed page.
func packedPage(t *testing.T, w stage.Way, key, text string) (control.PageRow, error) {
	t.Helper()
	row := control.PageRow{Key: key, Name: key, Gzip: true}
	row, _, err := w.Put(t.Context(), row, stage.Incoming{Reader: strings.NewReader(packed(text)), Records: -1})
	return row, err
}

// texts are the files and folders of texts in a folder.
func texts(t *testing.T, root string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, ".texts-*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The warehouse reads the text of a packed page, until that is loaded, and the page is stored as it came.
func TestTextIsKept(t *testing.T) {
	t.Parallel()
	w, root, counted := keeping(t)
	text := header + `"1","a@b.c","030","2"` + "\n"
	row, err := packedPage(t, w, "a/b/c/1.csv.gz", text)
	if err != nil {
		t.Fatal(err)
	}
	p := w.Page(row)
	lies, err := os.ReadFile(p.Path)
	if err != nil || string(lies) != text || p.Gzip || read(t, p.Open) != text || *counted != int64(len(text)) {
		t.Errorf("%q, %v, packed %v, %d bytes are counted", lies, err, p.Gzip, *counted)
	}
	w.Texts.Drop(row.Key)
	p = w.Page(row)
	lies, err = os.ReadFile(p.Path)
	if err != nil || !p.Gzip || !bytes.Equal(lies, []byte(packed(text))) || *counted != 0 || len(texts(t, root)) != 0 {
		t.Errorf("once it is loaded: %v, packed %v, %d bytes are counted, %q lie there", err, p.Gzip, *counted,
			texts(t, root))
	}
}

// A page that isn't stored leaves no text, nor does one that isn't packed or that is decoded anyway.
func TestTextIsNotKept(t *testing.T) {
	t.Parallel()
	for name, put := range map[string]func(w stage.Way) error{
		"a page that was cut": func(w stage.Way) error {
			whole := packed(header + `"1","a@b.c","030","2"` + "\n")
			_, _, err := w.Put(t.Context(), control.PageRow{Key: "a/1.csv.gz", Gzip: true},
				stage.Incoming{Reader: strings.NewReader(whole[:len(whole)-9]), Records: -1})
			if err == nil {
				t.Error("it is stored")
			}
			return nil
		},
		"a page as it is": func(w stage.Way) error {
			_, err := put(t, w, `"1","a@b.c","030","2"`+"\n")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, root, counted := keeping(t)
			if err := put(w); err != nil {
				t.Fatal(err)
			}
			if *counted != 0 || len(texts(t, root)) != 0 {
				t.Errorf("%d bytes are counted, %q lie there", *counted, texts(t, root))
			}
		})
	}
}

// What isn't loaded goes with the loading, and what a killed process has left goes a while later.
func TestTextsAreSwept(t *testing.T) {
	t.Parallel()
	w, root, counted := keeping(t)
	left, busy := filepath.Join(root, ".texts-left"), filepath.Join(root, ".texts-busy")
	for _, folder := range []string{left, busy} {
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "1.csv"), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(left, time.Time{}, time.Now().Add(-72*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := packedPage(t, w, "a/b/c/1.csv.gz", header+`"1","a@b.c","030","2"`+"\n"); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, root); len(got) != 2 {
		t.Errorf("there are %q", got)
	}
	w.Texts.Close()
	if got := texts(t, root); len(got) != 1 || filepath.Dir(got[0]) != busy || *counted != 0 {
		t.Errorf("there are %q, and %d bytes are counted", got, *counted)
	}
}
