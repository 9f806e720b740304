package dir_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/blob/blobtest"
	"catchment/internal/blob/dir"
	"catchment/internal/plan"
)

func open(t *testing.T) blob.Store {
	t.Helper()
	s, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) { blobtest.Run(t, open) }

func TestWhereIsTheFile(t *testing.T) {
	s := open(t)
	if _, err := s.Put(t.Context(), "a/b.csv", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	path, url := s.Where("a/b.csv")
	text, err := os.ReadFile(path)
	if err != nil || string(text) != "x" || url != "" {
		t.Errorf("%q, %q, %v", text, url, err)
	}
	if path, _ := s.Where("../a"); path != "" {
		t.Errorf("a key that leaves the root has the path %q", path)
	}
}

// A process that was killed while it wrote leaves such a file.
func TestLeftoversAreNoBlobs(t *testing.T) {
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, ".put-1234"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := dir.New(root)
	if err != nil {
		t.Fatal(err)
	}
	for info, err := range s.List(t.Context(), "") {
		t.Errorf("lists %q, %v", info.Key, err)
	}
}

func TestDeleteTakesEmptyFoldersAlong(t *testing.T) {
	root := t.TempDir()
	s, err := dir.New(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a/b/1", "a/2"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Delete(t.Context(), "a/b/1"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "a", "b")); !os.IsNotExist(err) {
		t.Errorf("a/b is still there: %v", err)
	}
	if _, err := os.Stat(filepath.Join(root, "a", "2")); err != nil {
		t.Error(err)
	}
}

func TestRootThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := dir.New(filepath.Join(file, "stage"))
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("%v is of class %s", err, plan.ClassOf(err))
	}
}

func TestCancelCauseComesThrough(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(os.ErrDeadlineExceeded)
	_, err := open(t).Put(ctx, "a", strings.NewReader("x"))
	if err == nil || !strings.Contains(err.Error(), os.ErrDeadlineExceeded.Error()) {
		t.Error(err)
	}
}
