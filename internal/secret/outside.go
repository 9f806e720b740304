package secret

import (
	"encoding/json"
	"strings"

	"catchment/internal/plan"
)

// A Reader gives the text of a secret that is kept outside, by its name.
type Reader func(name string) (string, error)

// outside reads NAME or NAME#KEY. A secret with keys is a JSON object, as the
// console of AWS writes it and as its rotations keep it; NAME may be an ARN.
func (r Resolver) outside(b Backend, ref, rest string) (string, error) {
	read := r.Outside[b.Scheme]
	if read == nil {
		readable := FormsOf(func(b Backend) bool { return b.Outside == "" || r.Outside[b.Scheme] != nil })
		return "", plan.Fixf("write "+readable+" here", "secret %s: this program doesn't read %s", ref, b.Outside)
	}
	name, key, keyed := strings.Cut(rest, "#")
	if name == "" || keyed && key == "" {
		whole, _, _ := strings.Cut(b.Form, "#")
		return "", plan.Fixf("write "+whole+" or "+b.Form, "secret %s names no secret and key", ref)
	}
	text, err := read(name)
	if err != nil {
		return "", plan.Failf(plan.ClassOf(err), plan.HintOf(err), "secret %s: %w", ref, err)
	}
	if keyed {
		if text, err = keyOf(text, key); err != nil {
			return "", plan.Fixf("put the key into the secret, or correct its name: "+rest, "secret %s: %w", ref, err)
		}
	}
	if text == "" {
		return "", plan.Fixf("put a value into it, in "+b.Outside, "secret %s: it is empty", ref)
	}
	return text, nil
}

// keyOf reads one key of a JSON object. Its errors hold nothing of the text,
// also not what the JSON decoder would say of it.
func keyOf(text, key string) (string, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return "", plan.Failf(plan.Fix, "", "it is no JSON object, so it has no keys")
	}
	raw, ok := keys[key]
	if !ok {
		return "", plan.Failf(plan.Fix, "", "it has no key %q", key)
	}
	var value string
	if err := json.Unmarshal(raw, &value); err != nil {
		return "", plan.Failf(plan.Fix, "", "its key %q is no text", key)
	}
	return value, nil
}
