package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// compiled is the schema, as a library that others wrote reads it: that has held it against
// the schema of schemas.
var compiled = sync.OnceValues(func() (*jsonschema.Schema, error) {
	text, err := known().Schema()
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaID, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaID)
})

func schemaOf(t testing.TB) *jsonschema.Schema {
	t.Helper()
	s, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaIsOfItsDraft(t *testing.T) {
	t.Parallel()
	if s := schemaOf(t); s.DraftVersion != 2020 {
		t.Errorf("draft %d", s.DraftVersion)
	}
}

// beyond are the problems that no schema can see, or that this one leaves to check: why, and
// what of a file has no other. Whatever else check refuses, the schema refuses too.
var beyond = []struct{ problem, why, file string }{
	{"is not YAML", "what is no YAML has no shape", "limits: {"},
	{"must stand first", "a map of JSON has no order", ""},
	{"stands here again", "a map of JSON has each key once, and tells names apart by their case",
		"flows: [{object: Account, fields: [Name, name]}]"},
	{"is empty; ", "an empty file is no map", ""},
	{"a second one begins", "each document has its shape", "control: {url: sqlite:c.db}\n---\nversion: 1"},
	{"an anchor, an alias or a tag", "JSON has none: they are gone when a schema looks", "stage: {keep: !!str 7d}"},
	{"has a flow in line", "elements of a list aren't compared by one of their keys",
		"flows: [{object: Account}, {object: account}]"},
	{"must differ, and both are", "two values aren't compared", "warehouse: {schema: a, staging_schema: A}"},
	{"is the column of", "two values aren't compared", "flows: [{object: Account, rename: {Name: a, Phone: a}}]"},
	{"is not a time zone", "which there are, the system knows",
		"flows: [{object: Account, window: {last: 1d, zone: Mars/Olympus}}]"},
	{"a bracket that", "an expression doesn't count brackets", `flows: [{object: Account, where: "(Name = 'a'"}]`},
	{"closes a bracket", "an expression doesn't count brackets", `flows: [{object: Account, where: "a = 1)"}]`},
	{"has a quote ' that is not closed", "an expression doesn't count quotes",
		`flows: [{object: Account, where: "Name = 'a"}]`},
	{"has a : that is no part of a date", "an expression doesn't know what stands in quotes",
		"archive: {policies: [{name: a, root: Case, where: \"Name = :x\"}]}"},
	{"has a policy in line", "elements of a list aren't compared by one of their keys",
		"archive: {policies: [{name: a, root: Case, where: a = 1}, {name: a, root: Task, where: a = 1}]}"},
	{"people, and signers names", "two values aren't compared",
		"archive: {policies: [{name: a, root: Case, where: a = 1, approve: 2,\n" +
			"  signers: [{name: ann, key: " + exampleKey + "}, {name: ann, key: " + otherKey + "}]}]}"},
	{"is not a whole public key", "an expression doesn't read base64",
		"archive: {policies: [{name: a, root: Case, where: a = 1, signers: [{name: a, key: ssh-rsa AAAA}]}]}"},
	{"is an RSA key of less than", "an expression doesn't read base64",
		"archive: {policies: [{name: a, root: Case, where: a = 1,\n" +
			"  signers: [{name: a, key: ssh-rsa AAAAB3NzaC1yc2E=}]}]}"},
	{"is not a regular expression", "that is a language of its own",
		`flows: [{object: Account, validate: {Name: {pattern: "("}}}]`},
	{"is not a length of time", "an expression doesn't add up", "limits: {stall: 500ms}"},
	{"is not five fields of cron", "the bounds of its fields are cron's", `defaults: {sweep: "0 33 * * *"}`},
	{"is a time that never comes", "that takes a calendar", `defaults: {sweep: "0 0 31 2 *"}`},
	{"comes more often than", "that takes a calendar", `defaults: {sweep: "0 * * * *"}`},
	{"lands records as they are", "the mover may stand in defaults, and the mask elsewhere",
		"appflow: {salesforce: a, redshift: b, bucket: c}\ndefaults: {mover: appflow}\n" +
			"flows: [{object: Account, mask: {Name: fixed}}]"},
	{"which is not set", "the environment knows", "stage: {url: \"dir:${CATCHMENT_NOWHERE}\"}"},
	{"wants the org's address", "which letters an address has, its parser knows",
		"org: {url: https://a%zz, login: {flow: sf_cli, alias: a}}"},
	{"wants the address of the Pub/Sub API", "which letters an address has, its parser knows",
		"org: {url: https://a.b, login: {flow: sf_cli, alias: a}, pubsub: https://a%zz}"},
	{"wants the address that the assertion is made for", "which letters an address has, its parser knows",
		"org: {url: https://a.b, login: {flow: jwt, client_id: env:A, username: env:B, key: file:c,\n" +
			"  audience: https://a%zz}}"},
}

// otherKey is another key that nobody has.
const otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// Each of beyond is refused by check for that reason alone, and the schema takes it: what it
// could say has no place there.
func TestBeyondTheSchema(t *testing.T) {
	t.Parallel()
	s := schemaOf(t)
	for _, b := range beyond {
		if b.file == "" {
			continue // testdata has it
		}
		text := b.file
		for _, section := range []string{"org: {url: https://a.b, login: {flow: sf_cli, alias: a}}",
			"flows: [{object: Account}]"} {
			name, _, _ := strings.Cut(section, ":")
			if !regexp.MustCompile(`(?m)^` + name + `:`).MatchString(text) {
				text = section + "\n" + text
			}
		}
		text = "version: 1\n" + text + "\n"
		_, err := Parse("c.yaml", []byte(text), known())
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), b.problem) {
			t.Errorf("%s: check says %v of\n%s", b.problem, err, text)
		}
		if doc, ok := asJSON([]byte(text)); ok {
			if err := s.Validate(doc); err != nil {
				t.Errorf("%s: the schema sees it: %v", b.problem, err)
			}
		} else if b.problem != "is not YAML" {
			t.Errorf("%s: no YAML:\n%s", b.problem, text)
		}
	}
}

// unseen tells whether all problems of a file are beyond the schema.
func unseen(err error) bool {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !slices.ContainsFunc(beyond, func(b struct{ problem, why, file string }) bool {
			return strings.Contains(line, b.problem)
		}) {
			return false
		}
	}
	return true
}

// asJSON is a file as a validator gets it, nil and false where it is no YAML.
func asJSON(text []byte) (any, bool) {
	var v any
	if err := yaml.UnmarshalWithOptions(plainLines(text), &v, yaml.AllowDuplicateMapKey()); err != nil {
		return nil, false
	}
	written, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(written))
	return doc, err == nil
}

// disagreement says how check and the schema differ over a file, or "".
func disagreement(s *jsonschema.Schema, name string, text []byte) string {
	_, refused := Parse("c.yaml", text, known())
	doc, isYAML := asJSON(text)
	var shape error
	if isYAML {
		shape = s.Validate(doc)
	} else {
		shape = errors.New("no YAML")
	}
	switch {
	case refused == nil && shape != nil:
		return fmt.Sprintf("%s: check takes it, and the schema doesn't: %v\n%s", name, shape, text)
	case refused != nil && shape == nil:
		if !unseen(refused) {
			return fmt.Sprintf("%s: the schema takes it, and check doesn't: %v\n%s", name, refused, text)
		}
	}
	return ""
}

// TestSchemaSaysWhatCheckSays holds every catchment.yaml of the tests and the docs against both:
// the files, those in scripts, those in texts of Go and the blocks of the howtos.
func TestSchemaSaysWhatCheckSays(t *testing.T) {
	t.Parallel()
	s, files := schemaOf(t), configurations(t)
	taken := 0
	for name, text := range files {
		if what := disagreement(s, name, text); what != "" {
			t.Error(what)
		}
		if _, err := Parse("c.yaml", text, known()); err == nil {
			taken++
		}
	}
	if taken < 40 || len(files)-taken < 30 {
		t.Errorf("%d files are taken and %d refused: they aren't where this test looks", taken, len(files)-taken)
	}
	t.Logf("%d files are taken, %d refused", taken, len(files)-taken)
}

// A file begins with its version, after comments.
var configurationRE = regexp.MustCompile(`^\x{FEFF}?(\s*#.*\n|\s*\n)*version: `)

// configurations finds every catchment.yaml of the project, by where it stands.
func configurations(t *testing.T) map[string][]byte {
	t.Helper()
	const root = "../.."
	found := map[string][]byte{"the example": Example(Org{}, known(), nil)}
	// What a script fills in when it runs.
	filled := regexp.MustCompile(`\b(ORG|ORG_URL|PG_URL)\b`)
	add := func(name string, text []byte) {
		text = filled.ReplaceAllFunc(text, func(name []byte) []byte {
			if string(name) == "PG_URL" {
				return []byte("postgres://catchment@127.0.0.1:5432/catchment")
			}
			return []byte("http://127.0.0.1:8080")
		})
		if configurationRE.Match(text) {
			found[name] = text
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err == nil && d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return fs.SkipDir
		case err != nil || !d.Type().IsRegular():
			return err
		}
		text, err := os.ReadFile(path)
		switch filepath.Ext(path) {
		case ".yaml", ".yml":
			add(path, text)
		case ".txtar", ".txt":
			for _, f := range txtar.Parse(text).Files {
				add(path+" "+f.Name, f.Data)
			}
		case ".md":
			for i, block := range yamlBlocks(string(text)) {
				add(fmt.Sprintf("%s block %d", path, i+1), []byte(block))
			}
		case ".go":
			for at, one := range texts(t, path, text) {
				add(at, []byte(one))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"testdata/empty.yaml", "testdata/bare.yaml", "testdata/scalar.yaml",
		"testdata/version.yaml"} { // which don't begin so
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found[path] = text
	}
	return found
}

var blockRE = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")

// yamlBlocks are the blocks of YAML of a page, each as a file of its own: sections are put into one that
// has what else a file needs, and a list is one of flows.
func yamlBlocks(page string) []string {
	const org = "version: 1\norg: {url: https://acme.my.salesforce.com, login: {flow: token, token: env:T}}\n"
	var all []string
	for _, m := range blockRE.FindAllStringSubmatch(page, -1) {
		block := m[1]
		has := func(section string) bool { return regexp.MustCompile(`(?m)^(` + section + `):`).MatchString(block) }
		switch {
		case configurationRE.MatchString(block):
		case has("flows") && !has("org"):
			block = org + block
		case strings.HasPrefix(strings.TrimSpace(block), "- object:"):
			block = org + "flows:\n" + block
		case has("org"):
			if !strings.Contains(block, "url:") {
				block = strings.Replace(block, "org:\n", "org:\n  url: https://acme.my.salesforce.com\n", 1)
			}
			if !strings.Contains(block, "login:") {
				block = strings.Replace(block, "org:\n", "org:\n  login: {flow: sf_cli, alias: acme}\n", 1)
			}
			block = "version: 1\n" + block + "flows: [{object: Account}]\n"
		case has("warehouse|stage|control|limits|defaults|files|appflow|archive"):
			block = org + block + "flows: [{object: Account}]\n"
		default:
			continue
		}
		all = append(all, block)
	}
	return all
}

// texts are the string literals of a file of Go, by where they stand.
func texts(t *testing.T, path string, source []byte) map[string]string {
	t.Helper()
	all := map[string]string{}
	if !bytes.Contains(source, []byte("version: 1")) {
		return all
	}
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return true
		}
		if text, err := strconv.Unquote(lit.Value); err == nil && !strings.Contains(text, "%") {
			all[fset.Position(lit.Pos()).String()] = text
		}
		return true
	})
	return all
}
