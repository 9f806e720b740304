package project_test

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/project"
)

// A journal that a killed run left is the group's to read once the next command begins:
// before the warehouse is opened. A lock never is.
func TestFilesOfAKilledRunAreShared(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "copy")
	for _, name := range []string{path + ".wal", path + ".lock"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := lakes()
	d.Files = map[string]func(string) project.Files{"pond": func(path string) project.Files {
		return project.Files{Readable: []string{path, path + ".wal"}, Private: []string{path + ".lock"}}
	}}
	file := &flow.File{Warehouse: flow.Warehouse{URL: "pond:" + path}}
	file.Files.Group = groupOfMine(t)
	p := project.New(project.World{Drivers: d}, file)
	if err := p.OpenWarehouse(); err == nil || err.Error() != "no water at "+path {
		t.Error(err)
	}
	for name, want := range map[string]os.FileMode{path + ".wal": 0o640, path + ".lock": 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	if wide, err := p.Wide(); err != nil || len(wide) > 0 {
		t.Errorf("%+v, %v", wide, err)
	}
	if err := os.Chmod(path+".lock", 0o640); err != nil {
		t.Fatal(err)
	}
	if wide, err := p.Wide(); err != nil || len(wide) != 1 || wide[0].Command != "chmod 600 "+path+".lock" {
		t.Errorf("%+v, %v", wide, err)
	}
	file.Files.Group = "no such group"
	if err := p.OpenWarehouse(); plan.ClassOf(err) != plan.Fix {
		t.Error(err)
	}
}

// groupOfMine names a group that this user is in.
func groupOfMine(t *testing.T) string {
	t.Helper()
	all, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	for _, gid := range append(all, os.Getegid()) {
		if g, err := user.LookupGroupId(strconv.Itoa(gid)); err == nil {
			return g.Name
		}
	}
	t.Fatal("this user is in no group that has a name")
	return ""
}
