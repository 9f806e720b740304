package generate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/csv"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/store"
)

// A loadedObject is an entry of objects.json.
type loadedObject struct {
	KeyPrefix string `json:"keyPrefix"`
	Rows      int    `json:"rows"`
	Fields    []struct {
		Name        string   `json:"name"`
		Type        string   `json:"type"`
		ReferenceTo []string `json:"referenceTo"`
	} `json:"fields"`
}

// Load makes objects of the records of a folder, and gives each to add:
// objects.json names the objects and their fields, and NAME.csv holds the
// records of each. describes may name a folder of recorded answers of describe.
func (w *World) Load(dir, describes string, add func(*store.Object) error) error {
	var objects map[string]loadedObject
	if err := readJSON(filepath.Join(dir, "objects.json"), &objects); err != nil {
		return fmt.Errorf("load %s: %w", dir, err)
	}
	global, err := recordedGlobal(describes)
	if err != nil {
		return fmt.Errorf("load %s: %w", describes, err)
	}
	for _, name := range slices.Sorted(maps.Keys(objects)) {
		about, err := describeLoaded(name, objects[name], describes, global[name])
		if err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
		columns, rows, err := readRecords(filepath.Join(dir, name+".csv"), objects[name])
		if err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
		columns, rows = w.complete(about, columns, rows)
		if err := add(store.NewObject(about, store.NewTable(about, columns, rows))); err != nil {
			return err
		}
	}
	return nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// recordedGlobal reads what a recorded Global.json says, if there is one.
func recordedGlobal(describes string) (map[string]describe.Flags, error) {
	flags := map[string]describe.Flags{}
	if describes == "" {
		return flags, nil
	}
	var global struct{ Sobjects []describe.Flags }
	err := readJSON(filepath.Join(describes, "Global.json"), &global)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range global.Sobjects {
		flags[f.Name] = f
	}
	return flags, nil
}

// describeLoaded describes an object: as recorded where there is a recording,
// with the data's fields that it lacks.
func describeLoaded(name string, data loadedObject, describes string, global describe.Flags) (*describe.Object, error) {
	about := describe.New(name, data.KeyPrefix, nil)
	if global.Name != "" {
		about.Flags = global
	}
	if describes != "" {
		var recorded describe.Object
		err := readJSON(filepath.Join(describes, name+".json"), &recorded)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			about = &recorded
		}
	}
	about.KeyPrefix = &data.KeyPrefix
	known := map[string]bool{}
	for _, f := range about.Fields {
		known[f.Name] = true
	}
	add := func(f *describe.Field) {
		if !known[f.Name] {
			known[f.Name] = true
			about.Fields = append(about.Fields, f)
		}
	}
	add(describe.NewID(name))
	add(describe.NewField("IsDeleted", "boolean", 0).ByOrg())
	for _, f := range data.Fields {
		if f.Type == "reference" {
			add(describe.NewLookup(f.Name, f.ReferenceTo...))
		} else {
			add(loadedField(f.Name, f.Type))
		}
	}
	if owned(name) {
		add(describe.NewOwner(name))
	}
	for _, f := range describe.Stamps() {
		add(f)
	}
	return about, nil
}

// loadedField describes a field of which only name and type are known.
func loadedField(name, typ string) *describe.Field {
	switch typ {
	case "currency", "double", "percent":
		return describe.NewField(name, typ, 18).DigitsAfter(2)
	case "int":
		return describe.NewField(name, typ, 9)
	}
	return describe.NewField(name, typ, 255)
}

// owned tells which standard objects have an owner of their own. Others
// belong to a parent; a custom object may be either, and the data doesn't say.
func owned(name string) bool {
	switch name {
	case "Account", "Contact", "Opportunity", "Campaign", "Lead", "Case", "Task", "Event":
		return true
	}
	return false
}

// readRecords reads NAME.csv and holds it against what objects.json says.
func readRecords(path string, data loadedObject) (columns []string, rows [][]string, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	lines, err := csv.Parse(string(text), ',')
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	if len(lines) == 0 || !slices.Contains(lines[0], "Id") {
		return nil, nil, fmt.Errorf("%s: no column Id", filepath.Base(path))
	}
	if rows = lines[1:]; len(rows) != data.Rows {
		return nil, nil, fmt.Errorf("%s: %d records, objects.json says %d", filepath.Base(path), len(rows), data.Rows)
	}
	return lines[0], rows, nil
}

// complete adds what the org itself would have filled.
func (w *World) complete(about *describe.Object, columns []string, rows [][]string) ([]string, [][]string) {
	admin := recordid.RunningUser()
	columns = append(columns, "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")
	if owned(about.Name) {
		columns = append(columns, "OwnerId")
	}
	id, first, last := slices.Index(columns, "Id"), slices.Index(columns, "FirstName"),
		slices.Index(columns, "LastName")
	named := first >= 0 && last >= 0 && !slices.Contains(columns, "Name")
	if named {
		columns = append(columns, "Name")
	}
	for i, row := range rows {
		own := w.seed
		for _, c := range row[id] {
			own = chance.Mix(own ^ uint64(c))
		}
		created, modified, touched := w.times(own)
		row = append(row, string(orgtime.AppendStamp(nil, created)), admin,
			string(orgtime.AppendStamp(nil, modified)), admin, string(orgtime.AppendStamp(nil, touched)))
		if owned(about.Name) {
			row = append(row, admin)
		}
		if named {
			row = append(row, strings.TrimSpace(row[first]+" "+row[last]))
		}
		rows[i] = row
	}
	return columns, rows
}
