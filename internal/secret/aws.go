package secret

import (
	"encoding/json"
	"strings"

	"catchment/internal/plan"
)

// awsPrefix starts a reference to AWS Secrets Manager.
const awsPrefix = "aws-sm:"

// aws reads NAME or NAME#KEY. A secret with keys is a JSON object, as the
// console of AWS writes it and as its rotations keep it; NAME may be an ARN.
func (r Resolver) aws(ref string) (string, error) {
	name, key, keyed := strings.Cut(ref, "#")
	if r.AWS == nil {
		return "", plan.Fixf("write env:NAME or file:PATH here", "secret %s%s: this program doesn't read AWS Secrets Manager", awsPrefix, ref)
	}
	if name == "" || keyed && key == "" {
		return "", plan.Fixf("write aws-sm:NAME or aws-sm:NAME#KEY", "secret %s%s names no secret and key", awsPrefix, ref)
	}
	text, err := r.AWS(name)
	if err != nil {
		return "", plan.Failf(plan.ClassOf(err), plan.HintOf(err), "secret %s%s: %w", awsPrefix, ref, err)
	}
	if keyed {
		if text, err = keyOf(text, key); err != nil {
			return "", plan.Fixf("put the key into the secret, or correct its name: "+ref, "secret %s%s: %w", awsPrefix, ref, err)
		}
	}
	if text == "" {
		return "", plan.Fixf("put a value into it, in AWS Secrets Manager", "secret %s%s: it is empty", awsPrefix, ref)
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
