package flow

import (
	"encoding/json"
	"regexp"
	"strings"
)

// A shape says in the words of JSON Schema (draft 2020-12) what may stand at a place of a
// file. Editors complete and mark a catchment.yaml by it; Parse never reads it. Each shape
// stands beside the reading that refuses the same, in a form.
type shape map[string]any

// schemaID names the schema, and isn't fetched by anybody. It changes with the version of
// the file.
const schemaID = "urn:catchment:catchment.yaml:1"

// Schema writes the JSON Schema of catchment.yaml: of the same table of keys that Parse
// reads by. What no schema can say is left to Parse: the order of keys, names that are
// the same but for their case, and whatever goes by another value of the file.
func (w Warehouses) Schema() ([]byte, error) {
	var f File
	s := fileShape(f.keys(w))
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["$id"] = schemaID
	s["title"] = "catchment.yaml"
	s["description"] = "What Catchment copies out of Salesforce, and into which warehouse"
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

// mapOf is a map of known keys. A key with nothing after it is an empty map, as a section is
// whose lines are comments, unless there is a key that it can't do without.
func mapOf(keys []key, rules ...shape) shape {
	properties, needed := shape{}, []string{}
	for _, k := range keys {
		properties[k.name] = k.described()
		if k.needed {
			needed = append(needed, k.name)
		}
	}
	s := shape{"type": []string{"object", "null"}, "properties": properties, "additionalProperties": false}
	if len(needed) > 0 {
		s["type"], s["required"] = "object", needed
	}
	if len(rules) > 0 {
		s["allOf"] = rules
	}
	return s
}

// described is a key's shape, with what an editor shows of it.
func (k key) described() shape {
	s := shape{"description": k.about}
	for word, value := range k.shape {
		s[word] = value
	}
	if k.otherwise != "" {
		s["description"] = k.about + ". Without it: " + k.otherwise
	}
	return s
}

// oneOf is one of a few words.
func oneOf[T ~string](words ...T) shape { return shape{"enum": words} }

// like is a text that matches all of a pattern.
func like(pattern string) shape { return shape{"type": "string", "pattern": whole(pattern)} }

// whole makes a pattern one of the whole text.
func whole(pattern string) string { return "^(?:" + pattern + ")$" }

// someText is a text that isn't empty; a number is as good as its digits.
func someText() shape { return shape{"type": []string{"string", "number"}, "pattern": `\S`} }

// apiName is the API name of an object or a field.
func apiName() shape {
	s := like(namePattern)
	s["maxLength"] = longestName
	return s
}

// wholeNumber is a number from low to high, in digits or as a text of them, which is
// what pattern says.
func wholeNumber(low, high int, pattern string) shape {
	return shape{"type": []string{"integer", "string"}, "minimum": low, "maximum": high, "pattern": whole(pattern)}
}

// withVariables is a text of a shape, or one that names a variable, whose value decides.
func withVariables(s shape) shape {
	return shape{"type": "string", "anyOf": []shape{s, {"pattern": variablePattern}}}
}

// whenIn is the rule that a map follows once one of its keys has a shape.
func whenIn(name string, is, then shape) shape {
	return shape{"if": has(name, is), "then": then}
}

// has is a map that has a key, of a shape.
func has(name string, is shape) shape {
	return shape{"type": "object", "required": []string{name}, "properties": shape{name: is}}
}

// lacks is a map without any of some keys.
func lacks(names ...string) shape {
	none := make([]shape, len(names))
	for i, name := range names {
		none[i] = shape{"required": []string{name}}
	}
	return shape{"not": shape{"anyOf": none}}
}

// caseless is a pattern for a word, whatever its case.
func caseless(word string) string {
	var b strings.Builder
	for _, r := range word {
		b.WriteString("[" + strings.ToUpper(string(r)) + strings.ToLower(string(r)) + "]")
	}
	return b.String()
}

// literal is a pattern for a text as it stands.
func literal(text string) string { return regexp.QuoteMeta(text) }
