package flow

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestReference writes docs/reference/catchment.yaml.md of the table of keys, and compares.
func TestReference(t *testing.T) {
	t.Parallel()
	const path = "../../docs/reference/catchment.yaml.md"
	got := reference()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s isn't what the table of keys says (%v): go test ./internal/flow -run TestReference -update", path,
			err)
	}
}

// TestKeysSayWhatTheyDo reads each key as its example has it, and as its default says: the one is
// taken, and the other changes nothing.
func TestKeysSayWhatTheyDo(t *testing.T) {
	t.Parallel()
	var f File
	n := 0
	each(f.keys(known()), "", func(at string, k key) {
		n++
		if k.about == "" || k.keys == nil && k.example == "" {
			t.Errorf("%s: nobody learns what it is", at)
		}
		if k.example != "" && k.keys == nil {
			if _, err := Parse("c.yaml", fileWith(t, at, k.example), known()); err != nil {
				t.Errorf("%s: its example %s: %v", at, k.example, err)
			}
		}
		if k.otherwise == "" || strings.Contains(k.otherwise, " ") {
			return
		}
		given, err := Parse("c.yaml", fileWith(t, at, k.otherwise), known())
		silent, serr := Parse("c.yaml", fileWith(t, at, ""), known())
		if err != nil || serr != nil {
			t.Fatalf("%s: %v, %v", at, err, serr)
		}
		for _, one := range []*File{given, silent} {
			for i := range one.Flows {
				one.Flows[i].source, one.Flows[i].Line = nil, 0
			}
			for i := range one.Archive.Policies {
				one.Archive.Policies[i].Line = 0
			}
		}
		if !reflect.DeepEqual(given, silent) {
			t.Errorf("%s: %s is not what holds without it:\n%+v\n%+v", at, k.otherwise, given, silent)
		}
	})
	if n < 60 {
		t.Errorf("only %d keys", n)
	}
}

// each visits all keys, sections before what is in them.
func each(keys []key, at string, visit func(at string, k key)) {
	for _, k := range keys {
		full := under(at, k.name)
		visit(full, k)
		if k.list {
			full += "[]"
		}
		each(k.keys, full, visit)
	}
}

// fileWith is a good file with one key, which text says; "" leaves the key out.
func fileWith(t *testing.T, at, text string) []byte {
	t.Helper()
	flow := randomSection{"object": "Account"}
	login := randomSection{"flow": "sf_cli", "alias": "acme"}
	org := randomSection{"url": "https://acme.my.salesforce.com", "login": login}
	root := randomSection{"org": org, "flows": []any{flow}}
	names := strings.Split(at, ".")
	last := names[len(names)-1]
	m := root
	switch section := strings.Join(names[:len(names)-1], "."); section {
	case "":
		if at == "version" {
			return []byte("version: 1\norg: {url: https://a.b, login: {flow: sf_cli, alias: a}}\n" +
				"flows: [{object: Account}]\n")
		}
		if at == "movers" {
			root["flows"] = byControl
		}
	case "org":
		m = org
	case "org.login":
		for way, uses := range loginFlows() {
			for _, name := range append(uses.needs, uses.takes...) {
				if name == last {
					clear(login)
					login["flow"] = way
				}
			}
		}
		ways := loginFlows()[fmt.Sprint(login["flow"])]
		if last == "flow" {
			ways = loginFlows()[text]
		}
		for _, k := range new(Login).keys() {
			for _, name := range ways.needs {
				if k.name == name {
					login[name] = k.example
				}
			}
		}
		delete(login, map[bool]string{true: "alias"}[last == "flow"])
		m = login
	case "flows[]":
		m = flow
		switch {
		case last == "exclude_objects":
			flow["object"] = "*"
		case last == "bodies":
			flow["object"] = "ContentVersion"
		case text == "appflow":
			t.Fatal("needs its section")
		}
	case "flows[].window":
		m = randomSection{"last": "1d"}
		flow["window"] = m
	case "archive", "archive.price", "archive.policies[]", "archive.policies[].cap", "archive.policies[].signers[]":
		root["archive"], m = archiveWith(section)
	case "appflow":
		m = randomSection{"salesforce": "a", "redshift": "b", "bucket": "c"}
		root["appflow"] = m
		if last == "format" || text == "s3" {
			delete(m, "redshift")
			m["destination"] = "s3"
		}
	case "warehouse.history", "warehouse.maintain", "warehouse.merge":
		m = randomSection{}
		if last == "by" && section == "warehouse.merge" {
			m["start"] = []string{"spark-submit"}
		}
		root["warehouse"] = randomSection{"url": "iceberg:lake", strings.TrimPrefix(section, "warehouse."): m}
	default:
		m = randomSection{}
		root[section] = m
		if last == "text" {
			for scheme := range known().Text {
				m["url"] = scheme + "://h/d"
			}
		}
	}
	if text != "" {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		m[last] = v
	}
	written, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return append([]byte("version: 1\n"), written...)
}

// archiveWith is a good section archive, and the map in it that stands at a key.
func archiveWith(at string) (archive, m randomSection) {
	price, limit := randomSection{"currency": "USD"}, randomSection{}
	signer := randomSection{"name": "ann", "key": exampleKey}
	policy := randomSection{"name": "a", "root": "Case", "where": "IsClosed = true", "cap": limit,
		"signers": []any{signer}}
	archive = randomSection{"price": price, "policies": []any{policy}}
	return archive, map[string]randomSection{"archive": archive, "archive.price": price,
		"archive.policies[]": policy, "archive.policies[].cap": limit, "archive.policies[].signers[]": signer}[at]
}

// reference is the page of docs/reference.
func reference() string {
	var b strings.Builder
	b.WriteString(`# catchment.yaml

Every key of the configuration, written from the table of keys by which it is read (` + "`internal/flow/keys.go`" + `), and from which
` + "`catchment schema`" + ` writes the JSON Schema for editors. Keys in **bold** must stand there. Relative paths begin at the file. In a
url, and in the path of a reference to a file, ` + "`${NAME}`" + ` stands for a variable of the environment, or of the file ` + "`.env`" + ` beside
the configuration ([Configuration](../howto/configuration.md)).
`)
	var f File
	sectionOf(&b, "The file", f.keys(known()))
	each(f.keys(known()), "", func(at string, k key) {
		if k.keys != nil {
			if k.list {
				at += "[]"
			}
			sectionOf(&b, "`"+at+"`", k.keys)
		}
	})
	return b.String()
}

// sectionOf writes the table of one section.
func sectionOf(b *strings.Builder, title string, keys []key) {
	fmt.Fprintf(b, "\n## %s\n\n| key | type | without it | | example |\n|---|---|---|---|---|\n", title)
	for _, k := range keys {
		name := "`" + k.name + "`"
		if k.needed {
			name = "**" + name + "**"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", name, typeOf(k), code(k.otherwise), cell(k.about),
			code(k.example))
	}
}

// code is a text of the file in a cell.
func code(text string) string {
	if text == "" || text == "as defaults say" {
		return text
	}
	return "`" + cell(text) + "`"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// typeOf says in words what may stand at a key, by its shape.
func typeOf(k key) string {
	words, isWord := k.shape["enum"]
	_, located := k.shape["anyOf"]
	kind, pattern := fmt.Sprint(k.shape["type"]), fmt.Sprint(k.shape["pattern"])
	switch {
	case k.name == "flows" && k.keys != nil:
		return "list of maps, or `control`"
	case k.list:
		return "list of maps"
	case k.keys != nil:
		return "map"
	case k.name == "version":
		return "`1`"
	case isWord:
		text := strings.Trim(fmt.Sprint(words), "[]")
		return "`" + strings.Join(strings.Fields(text), "`, `") + "`"
	case located:
		return "url"
	case kind == "array":
		return "list"
	case kind == "boolean":
		return "true or false"
	case strings.Contains(kind, "object"):
		return "map by field"
	case strings.Contains(pattern, "aws-sm"):
		return "reference to a secret"
	case strings.Contains(pattern, "(CRON_)?"):
		return "length of time, cron or a word"
	case strings.Contains(pattern, "(ns|us|"):
		return "length of time"
	case pattern == whole(percentPattern), pattern == whole(sharePattern):
		return "share"
	case pattern == whole(sizePattern):
		return "size"
	case pattern == whole(daysPattern):
		return "days"
	case pattern == whole(amountPattern):
		return "number"
	case strings.Contains(kind, "integer"):
		return fmt.Sprintf("number, %v to %v", k.shape["minimum"], k.shape["maximum"])
	}
	return "text"
}
