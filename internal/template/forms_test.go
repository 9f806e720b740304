package template_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/golden"
	"catchment/internal/template"
)

// told is all that comes of an import: flows, notes, problems.
func told(im template.Imported, err error) string {
	var b strings.Builder
	b.Write(im.YAML())
	for _, n := range im.Notes {
		b.WriteString("note: " + n.String() + "\n")
	}
	if err != nil {
		b.WriteString("error: " + err.Error() + "\n")
	}
	return b.String()
}

// files reads what an import is given; a folder is Terraform's.
func files(t testing.TB, name string) []template.File {
	t.Helper()
	paths := []string{filepath.Join("testdata", name)}
	if entries, err := os.ReadDir(paths[0]); err == nil {
		paths = nil
		for _, e := range entries {
			paths = append(paths, filepath.Join("testdata", name, e.Name()))
		}
	}
	var out []template.File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, template.File{Name: filepath.Base(path), Text: text})
	}
	return out
}

// Each form in which people have their flows. The golden files say what becomes
// of every line.
func TestForms(t *testing.T) {
	for _, name := range []string{
		"salesforce.yaml", // CloudFormation, with a bit of everything
		"sample.json",     // a template as AWS's sample is written
		"small.json",      // one whose keys begin with small letters, as the API's do
		"relative.yaml",   // one whose span is given anew each night
		"loop.yaml",       // one with Fn::ForEach
		"created.json",    // what create-flow is given
		"describe.json",   // what describe-flow answers
		"many.json",       // many answers in one file, of all kinds
		"list.json",       // what list-flows answers, which is not enough
		"module",          // Terraform: a folder
		"flows.tf.json",   // Terraform in JSON
	} {
		t.Run(name, func(t *testing.T) {
			golden.Equal(t, name+".txt", told(template.Import(files(t, name), nil)))
		})
	}
}
