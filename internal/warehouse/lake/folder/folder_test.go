package folder_test

import (
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

func open(t *testing.T, at string) lake.Place {
	t.Helper()
	p, err := folder.Open(at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func make(t *testing.T, p lake.Place) *table.Table {
	t.Helper()
	l := &tables.Lake{Catalog: p.Catalog}
	made, err := l.Make(t.Context(), tables.Name("salesforce", "account"), tables.Making{Schema: columns.Schema(
		[]shape.Column{{Name: "id", Kind: shape.Text}}, columns.Final())})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestOpen makes a table in one lake and finds it when the lake is opened again. All that is written is the user's
// alone, and nothing unfinished is left.
func TestOpen(t *testing.T) {
	at := filepath.Join(t.TempDir(), "some", "lake")
	made := make(t, open(t, at))
	if !strings.HasPrefix(made.Location(), "file://"+at+"/") {
		t.Errorf("the table lies at %s", made.Location())
	}
	again, err := open(t, at).Catalog.LoadTable(t.Context(), tables.Name("salesforce", "account"))
	if err != nil || again.MetadataLocation() != made.MetadataLocation() {
		t.Errorf("%v, %v", again, err)
	}
	err = filepath.WalkDir(at, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if info.Mode()&0o077 != 0 || strings.HasPrefix(d.Name(), ".put-") {
			t.Errorf("%s has the mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTwoLakes opens two in one process. A catalog that leads out of its lake reads nothing there.
func TestTwoLakes(t *testing.T) {
	mine, theirs := t.TempDir(), t.TempDir()
	made := make(t, open(t, mine))
	other := open(t, theirs)
	make(t, other)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(theirs, folder.File))
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec("UPDATE iceberg_tables SET metadata_location = ?", made.MetadataLocation())
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = other.Catalog.LoadTable(t.Context(), tables.Name("salesforce", "account"))
	if err == nil || !strings.Contains(err.Error(), "isn't in the folder of the lake") {
		t.Errorf("a table of another lake is read: %v", err)
	}
}

// TestRefusedFolders are those whose addresses engines read differently, and those that can't be made.
func TestRefusedFolders(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{t.TempDir() + "/a b", t.TempDir() + "/100%", t.TempDir() + "/ü", file + "/lake"} {
		p, err := folder.Open(at)
		if err == nil {
			t.Errorf("%s: opened, and closed with %v", at, p.Close())
			continue
		}
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%s: %v", at, err)
		}
	}
}
