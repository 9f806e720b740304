package rights

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"catchment/internal/plan"
)

// own is the group that every user has.
func own() Rights { return Rights{group: "readers", gid: os.Getegid()} }

func write(t *testing.T, name string, mode fs.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // whatever the umask
		t.Fatal(err)
	}
	return path
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ before, after fs.FileMode }{
		{0o600, 0o640},
		{0o640, 0o640},
		{0o400, 0o640}, // it is ours
		{0o644, 0o644}, // somebody meant it
		{0o660, 0o660},
		{0o700, 0o700},
	} {
		path := write(t, "f", c.before)
		if err := own().Share(path); err != nil {
			t.Fatal(err)
		}
		if got := modeOf(t, path); got != c.after {
			t.Errorf("%o became %o, want %o", c.before, got, c.after)
		}
	}
}

func TestShareLeaves(t *testing.T) {
	t.Parallel()
	path := write(t, "f", 0o600)
	if err := (Rights{}).Share(path); err != nil || modeOf(t, path) != 0o600 {
		t.Errorf("without a group: %v, %o", err, modeOf(t, path))
	}
	if err := own().Share(path + ".wal"); err != nil {
		t.Errorf("what isn't there: %v", err)
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := own().Share(link); err != nil || modeOf(t, path) != 0o600 {
		t.Errorf("by a link: %v, %o", err, modeOf(t, path))
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	if r, err := Of(""); err != nil || r != (Rights{}) {
		t.Errorf("no group: %+v, %v", r, err)
	}
	_, err := Of("no such group\x1b")
	if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), `has no group no such group\x1b`) ||
		plan.HintOf(err) == "" {
		t.Errorf("%v, %s: %s", err, plan.ClassOf(err), plan.HintOf(err))
	}
	all, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	named := 0 // a group of a container may have no name
	for _, gid := range append(all, os.Getegid()) {
		mine, err := user.LookupGroupId(strconv.Itoa(gid))
		if err != nil {
			continue
		}
		named++
		if r, err := Of(mine.Name); err != nil || r.gid != gid {
			t.Errorf("%s: %+v, %v", mine.Name, r, err)
		}
	}
	if named == 0 {
		t.Error("this user is in no group that has a name")
	}
}

func TestMayGive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		gid, uid int
		mine     []int
		want     bool
	}{
		{7, 1000, []int{1000, 7}, true},
		{7, 1000, []int{1000}, false},
		{7, 1000, nil, false},
		{7, 0, nil, true},
	} {
		if got := mayGive(c.gid, c.uid, c.mine); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestWider(t *testing.T) {
	t.Parallel()
	readers := Rights{group: "readers", gid: 7}
	for _, c := range []struct {
		r    Rights
		mode fs.FileMode
		gid  int
		want string
	}{
		{Rights{}, 0o600, 0, ""},
		{Rights{}, 0o640, 0, "its group may read it"},
		{Rights{}, 0o644, 0, "every user of this machine may read it"},
		{Rights{}, 0o666, 0, "every user of this machine may write it"},
		{readers, 0o600, 0, ""},
		{readers, 0o640, 7, ""},
		{readers, 0o640, 8, "its group may read it"},
		{readers, 0o660, 7, "its group may write it"},
		{readers, 0o644, 7, "every user of this machine may read it"},
	} {
		if got := c.r.wider(c.mode, c.gid); got != c.want {
			t.Errorf("%o of %d, %+v: %q, want %q", c.mode, c.gid, c.r, got, c.want)
		}
	}
}

func TestWiderSaysWhatToType(t *testing.T) {
	t.Parallel()
	path := write(t, "it's", 0o644)
	want := "chmod 600 '" + filepath.Dir(path) + `/it'\''s'`
	got := (Rights{}).Wider(path, path+".wal", filepath.Dir(path))
	if len(got) != 1 || got[0].Path != path || got[0].Command != want {
		t.Errorf("%+v, want %s", got, want)
	}
	got = own().Wider(path)
	if len(got) != 1 || !strings.HasPrefix(got[0].Command, "chgrp readers '") ||
		!strings.Contains(got[0].Command, "' && chmod 640 '") {
		t.Errorf("%+v", got)
	}
}
