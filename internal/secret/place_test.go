package secret

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"catchment/internal/plan"
)

// keep writes a file with a secret and gives its path and place.
func keep(t *testing.T, secret string) (path string, p Place) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(secret), 0o644); err != nil {
		t.Fatal(err)
	}
	return path, resolver(nil).Place("file:" + path)
}

func gives(next string) func(string) (string, error) {
	return func(string) (string, error) { return next, nil }
}

// only checks that a folder holds one file with this content.
func only(t *testing.T, path, content string) os.FileInfo {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != content {
		t.Errorf("%q, %v; want %q", got, err, content)
	}
	if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
		t.Errorf("the folder holds %v, %v", all, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func TestRenewReplacesTheFile(t *testing.T) {
	path, p := keep(t, word+"\r\n")
	if err := p.Fixed(); err != nil {
		t.Fatal(err)
	}
	for _, next := range []string{"", word} {
		if err := p.Renew(t.Context(), gives(next)); err != nil {
			t.Fatal(err)
		}
		only(t, path, word+"\r\n")
	}
	if err := p.Renew(t.Context(), gives("next")); err != nil {
		t.Fatal(err)
	}
	if mode := only(t, path, "next\n").Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %v", mode)
	}
}

func TestRenewFollowsALink(t *testing.T) {
	path, _ := keep(t, word)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := resolver(nil).Place("file:"+link).Renew(t.Context(), gives("next")); err != nil {
		t.Fatal(err)
	}
	only(t, path, "next\n")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%v, %v: the link is gone", info, err)
	}
}

func TestRenewLeavesTheFileWhereUseFails(t *testing.T) {
	path, p := keep(t, word)
	refused := errors.New("refused")
	err := p.Renew(t.Context(), func(got string) (string, error) {
		if got != word {
			t.Errorf("was given %q", got)
		}
		return "next", refused
	})
	if !errors.Is(err, refused) {
		t.Error(err)
	}
	only(t, path, word)
}

// A place that can't be rewritten works as long as nothing has to be, and says
// beforehand that it can't.
func TestRenewWhereNothingCanBeKept(t *testing.T) {
	gone, filePlace := keep(t, word)
	tests := map[string]struct {
		place  Place
		before func(string) (string, error) // gives a new secret
	}{
		"env": {resolver(map[string]string{"S": word}).Place("env:S"), gives("next")},
		"a folder that went away": {filePlace, func(string) (string, error) {
			return "next", os.RemoveAll(filepath.Dir(gone))
		}},
	}
	for name, tt := range tests {
		if err := tt.place.Renew(t.Context(), gives("")); err != nil {
			t.Errorf("%s, nothing new: %v", name, err)
		}
		err := tt.place.Renew(t.Context(), tt.before)
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "new secret") || leaks(err.Error()) || strings.Contains(err.Error(), "next") {
			t.Errorf("%s: %v (hint: %s)", name, err, plan.HintOf(err))
		}
		if err := tt.place.Fixed(); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRenewRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, ref := range []string{"file:" + filepath.Join(dir, "none"), "file:" + filepath.Join(dir, "no", "folder"), "env:NONE", word} {
		err := resolver(nil).Place(ref).Renew(t.Context(), func(string) (string, error) {
			t.Error("there is nothing to use")
			return "", nil
		})
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || leaks(err.Error()) {
			t.Errorf("%s: %v", ref, err)
		}
		if err := resolver(nil).Place(ref).Fixed(); err == nil || leaks(err.Error()+plan.HintOf(err)) {
			t.Errorf("%s: %v", ref, err)
		}
	}
}

// Many that renew at once use each secret once.
func TestRenewOneAtATime(t *testing.T) {
	path, p := keep(t, "0")
	var mu sync.Mutex // the race detector doesn't see the lock under test
	used := map[string]bool{}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := p.Renew(t.Context(), func(got string) (string, error) {
				mu.Lock()
				defer mu.Unlock()
				if used[got] {
					t.Errorf("%q is used twice", got)
				}
				used[got] = true
				return got + "0", nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	only(t, path, "00000\n")
}

func TestRenewWaitsForItsTurnNoLongerThanToldTo(t *testing.T) {
	_, p := keep(t, word)
	ctx, cancel := context.WithCancel(t.Context())
	err := p.Renew(t.Context(), func(string) (string, error) {
		cancel()
		return "", p.Renew(ctx, gives("next"))
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
