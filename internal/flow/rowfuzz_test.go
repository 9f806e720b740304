package flow

import (
	"testing"
)

// What is taken for a template can be written as one of a section flows, and means the same there.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{
		"object: Account\nfields: [Name]\n", "flows:\n  - object: Account\n    where: \"Name = 'x: y'\"\n",
		`{"object": "Case", "window": {"last": "2d"}, "paused": true}`,
		"# a remark\nobject: \"*\"\nexclude_objects: [Task]\n",
		"object: Lead\nwhere: >-\n  Name = 'a'\n\n  AND Rating = 'b'\nmask: {Email: sha256}\n",
		"object: A\nwhere: |\n  a\n",
		"object: A\nwhere: >1\n 00000''0\n 0",
		"object: A\nwhere:\n  %a\n",
		"object: A\nwhere: \t%a",
		"object: A # b\nsalt: env:X\nvalidate:\n  B: {pattern: '^a$'}\n",
	} {
		f.Add([]byte(text))
	}
	file, err := Parse("catchment.yaml", []byte(rowsHead+"flows: control"), Warehouses{Local: "duckdb:c.duckdb"})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fl, err := file.FromTemplate("Row", "templates/x.yaml", text)
		if err != nil {
			return
		}
		one, err := file.YAML(fl, text)
		if err != nil {
			t.Fatal(err)
		}
		again, err := file.With("again.yaml", append([]byte("flows:\n"), one...))
		if err != nil || len(again.Flows) != 1 || !again.Flows[0].same(fl) {
			t.Errorf("%q\nbecame\n%s\n%v", text, one, err)
		}
	})
}
