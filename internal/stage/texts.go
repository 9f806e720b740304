package stage

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"catchment/internal/blob"
	"catchment/internal/warehouse"
)

// Texts keeps the texts of packed pages, from when they are checked until they are loaded: who unpacks a page to check
// it has its text, and a warehouse would unpack it once more. They lie in the folder of a store, as files of this
// process. What goes wrong with a text costs that: its page is loaded as it is stored. A nil one keeps none.
type Texts struct {
	root   string
	counts func(bytes int64) // is told how many more are kept, or less than 0

	mu     sync.Mutex
	folder string // "" before the first text
	begun  int
	kept   map[string]text // by the keys of their pages
}

// A text is one that is kept.
type text struct {
	path string
	size int64
}

const (
	// textsFolder begins the names of folders with texts; no key begins so.
	textsFolder = ".texts-"
	// textAtMost is how many bytes a text has that is kept.
	textAtMost = 256 << 20
	// textsLast is how long a folder may be left alone before it is one of a process that was killed.
	textsLast = 48 * time.Hour
)

// NewTexts keeps texts in the folder of a store; it is nil where that isn't one of this machine.
func NewTexts(store blob.Store, counts func(bytes int64)) *Texts {
	path, _ := store.Where("texts")
	if path == "" {
		return nil
	}
	return &Texts{root: filepath.Dir(path), counts: counts, kept: map[string]text{}}
}

// sweep removes what processes have left that were killed.
func (t *Texts) sweep(now time.Time) {
	folders, err := os.ReadDir(t.root)
	if err != nil {
		return
	}
	for _, f := range folders {
		if !f.IsDir() || !strings.HasPrefix(f.Name(), textsFolder) {
			continue
		}
		if info, err := f.Info(); err == nil && now.Sub(info.ModTime()) > textsLast {
			_ = os.RemoveAll(filepath.Join(t.root, f.Name()))
		}
	}
}

// begin begins to write a text. Where it can't, nothing is written.
func (t *Texts) begin() *writing {
	w := &writing{}
	if t == nil {
		return w
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.folder == "" {
		t.sweep(time.Now())
		folder, err := os.MkdirTemp(t.root, textsFolder)
		if err != nil {
			return w
		}
		t.folder = folder
	}
	t.begun++
	path := filepath.Join(t.folder, strconv.Itoa(t.begun)+".csv")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // #nosec G304 -- a name of ours
	if err == nil {
		w.file = f
	}
	return w
}

// A writing is a text on its way to the disk. It takes whatever comes, and remembers whether all of it arrived.
type writing struct {
	file *os.File // nil where nothing is written
	size int64
	err  error
}

func (w *writing) Write(p []byte) (int, error) {
	if w.file == nil || w.err != nil {
		return len(p), nil
	}
	if w.size += int64(len(p)); w.size > textAtMost {
		w.err = errors.New("the text is too long to be kept")
		return len(p), nil
	}
	_, w.err = w.file.Write(p)
	return len(p), nil
}

// keep keeps a text for its page, if all of it was written, and removes it otherwise.
func (t *Texts) keep(key string, w *writing, whole bool) {
	if w.file == nil {
		return
	}
	err := errors.Join(w.err, w.file.Close())
	if err != nil || !whole {
		_ = os.Remove(w.file.Name())
		return
	}
	t.mu.Lock()
	t.kept[key] = text{w.file.Name(), w.size}
	t.mu.Unlock()
	t.counts(w.size)
}

// show has a page be read from its text, if that is kept.
func (t *Texts) show(p *warehouse.Page) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if one, ok := t.kept[p.Key]; ok {
		p.Path, p.URL, p.Gzip = one.path, "", false
		p.Open = func(context.Context) (io.ReadCloser, error) {
			return os.Open(one.path) // #nosec G304 -- a name of ours
		}
	}
}

// Drop removes the text of a page, which is loaded.
func (t *Texts) Drop(key string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	one, ok := t.kept[key]
	delete(t.kept, key)
	t.mu.Unlock()
	if ok {
		_ = os.Remove(one.path)
		t.counts(-one.size)
	}
}

// Close removes all of them.
func (t *Texts) Close() {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, one := range t.kept {
		t.counts(-one.size)
	}
	clear(t.kept)
	if t.folder != "" {
		_ = os.RemoveAll(t.folder)
		t.folder = ""
	}
}
