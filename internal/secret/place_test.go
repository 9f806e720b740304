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

// What could not keep a new secret never uses the old one.
func TestRenewRefusesBeforeUse(t *testing.T) {
	env := map[string]string{"S": word}
	locked, _ := keep(t, word)
	if err := os.Chmod(filepath.Dir(locked), 0o500); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	refs := map[string]string{
		"env:S": "give file:PATH", "env:NONE": "export NONE=", word: "env:NAME, file:PATH or aws-sm:NAME#KEY",
		"file:" + filepath.Join(dir, "none"):         "write the secret into",
		"file:" + filepath.Join(dir, "no", "folder"): "write the secret into",
	}
	if os.Getuid() != 0 { // who may write everywhere
		refs["file:"+locked] = "a folder that this user may write"
	}
	for ref, hint := range refs {
		err := resolver(env).Place(ref).Renew(t.Context(), func(string) (string, error) {
			t.Errorf("%s is used", ref)
			return "", nil
		})
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), hint) || leaks(err.Error()) {
			t.Errorf("%s: %v (hint: %s)", ref, err, plan.HintOf(err))
		}
	}
}

// The disk fails after the issuer has replaced the secret.
func TestRenewSaysWhatIsLost(t *testing.T) {
	path, p := keep(t, word)
	err := p.Renew(t.Context(), func(string) (string, error) { return "next", os.RemoveAll(filepath.Dir(path)) })
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "new secret") || leaks(err.Error()) ||
		strings.Contains(err.Error(), "next\n") {
		t.Errorf("%v (hint: %s)", err, plan.HintOf(err))
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
