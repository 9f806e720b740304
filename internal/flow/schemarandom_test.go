package flow

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

// TestSchemaAgreesWithCheck changes a good file in a few places, as the table of keys lets it, and
// asks both.
func TestSchemaAgreesWithCheck(t *testing.T) {
	t.Parallel()
	s, taken, refused := schemaOf(t), 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		text := randomFile(rt)
		if what := disagreement(s, "a random file", text); what != "" {
			rt.Fatal(what)
		}
		if _, err := Parse("c.yaml", text, known()); err == nil {
			taken++
		} else {
			refused++
		}
	})
	if taken < refused/10 || refused < taken/10 {
		t.Errorf("%d files are taken and %d refused: such files find out little", taken, refused)
	}
	t.Logf("%d files are taken, %d refused", taken, refused)
}

// A randomSection is a map of a file.
type randomSection = map[string]any

// randomFile is a small good file with some changes, of which few are wrong.
func randomFile(rt *rapid.T) []byte {
	var f File
	keys := f.keys(known())
	ways := loginFlows()
	way := rapid.SampledFrom(slices.Sorted(maps.Keys(ways))).Draw(rt, "login")
	login := randomSection{"flow": way}
	root := randomSection{
		"org": randomSection{"url": "https://acme.my.salesforce.com", "login": login},
		"flows": []any{randomSection{"object": rapid.SampledFrom(
			[]string{"Account", "Acc*", "*", "ContentVersion", "attachment"}).Draw(rt, "object")}},
	}
	for _, k := range keyOf(keyOf(keys, "org").keys, "login").keys {
		if slices.Contains(ways[way].needs, k.name) {
			login[k.name] = randomValue(rt, k)
		}
	}
	for range rapid.IntRange(0, 4).Draw(rt, "changes") {
		change := keys[1:]
		if rapid.Bool().Draw(rt, "of a flow") { // whose keys are half of all, and know each other best
			change = []key{keyOf(keys, "flows")}
		}
		changed(rt, root, change)
	}
	text, err := yaml.Marshal(root)
	if err != nil {
		rt.Fatal(err)
	}
	return append([]byte("version: 1\n"), text...)
}

func keyOf(keys []key, name string) key {
	return keys[slices.IndexFunc(keys, func(k key) bool { return k.name == name })]
}

// changed changes one place of a map, or of one below it.
func changed(rt *rapid.T, m randomSection, keys []key) {
	k := keys[rapid.IntRange(0, len(keys)-1).Draw(rt, "key")]
	below, isMap := m[k.name].(randomSection)
	if list, ok := m[k.name].([]any); ok && k.keys != nil && len(list) > 0 {
		below, isMap = list[0].(randomSection)
	}
	switch {
	case once(rt, 30, "odd"):
		m[k.name] = rapid.SampledFrom(oddValues()).Draw(rt, "value")
	case once(rt, 30, "gone"):
		delete(m, k.name)
	case once(rt, 40, "unknown"):
		m["flavour"] = "x"
	case k.keys == nil:
		m[k.name] = randomValue(rt, k)
	default:
		if !isMap {
			below = bareSection(rt, k.keys)
			m[k.name] = below
			if k.list {
				m[k.name] = []any{below}
			}
		}
		changed(rt, below, k.keys)
	}
}

// bareSection is a map with what it can't do without.
func bareSection(rt *rapid.T, keys []key) randomSection {
	m := randomSection{}
	for _, k := range keys {
		switch {
		case k.needed && k.list:
			m[k.name] = []any{bareSection(rt, k.keys)}
		case k.needed && k.keys != nil:
			m[k.name] = bareSection(rt, k.keys)
		case k.needed:
			m[k.name] = randomValue(rt, k)
		}
	}
	return m
}

// once is true one time of so many: rapid draws small numbers more often than others.
func once(rt *rapid.T, of int, what string) bool {
	return rapid.Uint64().Draw(rt, what)*0x9e3779b97f4a7c15>>33%uint64(of) == 1
}

// oddValues are right in one place of a file, and wrong in others.
func oddValues() []any {
	return []any{nil, true, "", "x", " ", 0, 1, 7, 101, -1, 4.5, "7d", "1d", "40%", "off", "on", "0 3 * * *", "20GB",
		"env:A", "file:a", "aws-sm:a#b", "file: ", "https://a.b", "http://a.b", "http://localhost:1", "a.b:1",
		"duckdb:x", "postgres://u:p@h/d", "redshift://h/d", "Account", "Acc*", "*", "a b", "sha256", "not_null",
		"where x", "Name = 'x'", "control", "appflow", "bulk", "stack", "lasting", "token", "jwt", "67.0", 67,
		"99%", "100%", "fail", []any{}, []any{"Name"}, []any{"Name", "Name"}, []any{"*", 3}, randomSection{},
		randomSection{"Email": "sha256"}, randomSection{"url": "dir:x"}, randomSection{"Email": 16},
		randomSection{"Email": randomSection{"first": 3}}, randomSection{"Email": randomSection{}},
		randomSection{"Email": []any{"not_null", randomSection{"pattern": "x"}}}}
}

// randomValue is a value that a key may have: its example, its default or another of its words, or
// once in a while one with a variable.
func randomValue(rt *rapid.T, k key) any {
	if k.otherwise != "" && !strings.Contains(k.otherwise, " ") && once(rt, 5, "otherwise") {
		return k.otherwise
	}
	var v any
	if err := yaml.Unmarshal([]byte(k.example), &v); err != nil {
		rt.Fatal(err)
	}
	if words, ok := k.shape["enum"]; ok {
		text, err := json.Marshal(words)
		if err != nil {
			rt.Fatal(err)
		}
		var all []any
		if err := json.Unmarshal(text, &all); err != nil {
			rt.Fatal(err)
		}
		v = rapid.SampledFrom(all).Draw(rt, "word")
	}
	if text, ok := v.(string); ok && once(rt, 10, "variable") {
		v = text + "${PLACE}"
	}
	return v
}
