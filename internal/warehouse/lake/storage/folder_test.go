package storage_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/storage"
)

func openFolder(t *testing.T) (*storage.Folder, string) {
	t.Helper()
	at := t.TempDir()
	f, err := storage.OpenFolder(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f, at
}

// names are the files of a folder.
func names(t *testing.T, at string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, strings.TrimPrefix(path, at+"/"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestFolderFile writes a file, and reads it in each way. Until it is whole it has no name.
func TestFolderFile(t *testing.T) {
	f, at := openFolder(t)
	name := f.Location() + "/salesforce.db/account/data/1.parquet"
	w, err := f.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "one"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ReadFrom(strings.NewReader(" two")); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it has its name already: %v", err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := f.ReadFile(name)
	if err != nil || string(text) != "one two" {
		t.Errorf("%q, %v", text, err)
	}
	info, err := f.Stat(name)
	if err != nil || info.Size() != 7 || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if all := names(t, at); !slices.Equal(all, []string{"salesforce.db/account/data/1.parquet"}) {
		t.Errorf("%q are left", all)
	}
	var walked []string
	err = f.WalkDir(f.Location()+"/salesforce.db", func(path string, d fs.DirEntry, err error) error {
		if !d.IsDir() {
			walked = append(walked, path)
		}
		return err
	})
	if err != nil || !slices.Equal(walked, []string{name}) {
		t.Errorf("%q, %v", walked, err)
	}
	deleted, err := f.DeleteFiles(t.Context(), []string{name, name + "-gone"})
	if err != nil || len(deleted) != 2 || len(names(t, at)) != 0 {
		t.Errorf("%q, %v", deleted, err)
	}
}

// TestFolderFileThatFails leaves nothing of a file whose source fails, or whose disk does.
func TestFolderFileThatFails(t *testing.T) {
	f, at := openFolder(t)
	broken := errors.New("broken")
	w, err := f.Create(f.Location() + "/data/1.parquet")
	if err != nil {
		t.Fatal(err)
	}
	half := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
	if _, err := w.ReadFrom(half); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := w.Close(); !errors.Is(err, broken) {
		t.Errorf("closed with %v", err)
	}
	if all := names(t, at); len(all) != 0 {
		t.Errorf("%q are left", all)
	}
	if err := os.Mkdir(filepath.Join(at, "data", "2.parquet"), 0o700); err != nil { // in the way
		t.Fatal(err)
	}
	if err := f.WriteFile(f.Location()+"/data/2.parquet", []byte("text")); err == nil {
		t.Error("it is written")
	}
	if all := names(t, at); len(all) != 0 {
		t.Errorf("%q are left", all)
	}
}

// TestFolderIsAll reaches no file elsewhere, by no address and over no link.
func TestFolderIsAll(t *testing.T) {
	f, at := openFolder(t)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(at, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{outside, "file://" + outside, "file:" + outside, f.Location(), "s3://bucket/key",
		f.Location() + "/../" + filepath.Base(filepath.Dir(outside)) + "/secret", f.Location() + "/link"} {
		if text, err := f.ReadFile(name); err == nil {
			t.Errorf("%s reads %q", name, text)
		}
		if err := f.WriteFile(name, nil); err == nil && !strings.HasSuffix(name, "/link") {
			t.Errorf("%s is written", name)
		}
	}
	if text, err := os.ReadFile(outside); err != nil || string(text) != "secret" {
		t.Errorf("%q, %v", text, err)
	}
	_, err := f.ReadFile("file:///elsewhere/lake/data/1.parquet")
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "can't be moved") {
		t.Errorf("%v, hint %q", err, plan.HintOf(err))
	}
	_, err = f.ReadFile(f.Location() + "/data/missing.parquet")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "/data/missing.parquet") {
		t.Errorf("a file that isn't there: %v", err)
	}
}
