package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// wideFields is how many text fields Wide__c has.
const wideFields = 450

// makeWide: wide FILLED writes the folder wide, for org -wide: 20 records of Wide__c with so
// many of their 450 text fields filled. wide.json has a value for each field.
func makeWide(ts *testscript.TestScript, neg bool, args []string) {
	filled, err := strconv.Atoi(args[0])
	ts.Check(err)
	header, fields := []string{"Id"}, []map[string]string{{"name": "Id", "type": "id"}}
	all := map[string]string{}
	for i := range wideFields {
		name := fmt.Sprintf("F%03d__c", i)
		header = append(header, name)
		fields = append(fields, map[string]string{"name": name, "type": "string"})
		all[name] = fmt.Sprintf("%s %03d", strings.Repeat("w", 16), i)
	}
	lines := [][]string{header}
	for k := range 20 {
		line := make([]string, len(header))
		line[0] = fmt.Sprintf("a00Ho00000000%02dIAA", k)
		for i := range filled {
			line[i+1] = fmt.Sprintf("%s %03d", strings.Repeat("v", 16), i)
		}
		lines = append(lines, line)
	}
	ts.Check(os.Mkdir(ts.MkAbs("wide"), 0o755))
	f, err := os.Create(filepath.Join(ts.MkAbs("wide"), "Wide__c.csv"))
	ts.Check(err)
	ts.Check(csv.NewWriter(f).WriteAll(lines))
	ts.Check(f.Close())
	for file, what := range map[string]any{"wide/objects.json": map[string]any{
		"Wide__c": map[string]any{"keyPrefix": "a00", "rows": 20, "fields": fields}}, "wide.json": all} {
		text, err := json.Marshal(what)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(file), text, 0o600))
	}
}
