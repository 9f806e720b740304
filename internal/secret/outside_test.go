package secret

import (
	"errors"
	"strings"
	"testing"

	"catchment/internal/plan"
)

// vault is an AWS Secrets Manager with these secrets.
func vault(secrets map[string]string) Resolver {
	return Resolver{Outside: map[string]Reader{"aws-sm": func(name string) (string, error) {
		text, ok := secrets[name]
		if !ok {
			return "", plan.Fixf("make it", "no secret of this name")
		}
		return text, nil
	}}}
}

func TestResolveFromAWS(t *testing.T) {
	arn := "arn:aws:secretsmanager:eu-central-1:1:secret:catchment-AbCdEf"
	r := vault(map[string]string{"plain": word, "keys": `{"password":"` + word + `","port":5439}`,
		arn: `{"k":"` + word + `"}`})
	for _, ref := range []string{"aws-sm:plain", "aws-sm:keys#password", "aws-sm:" + arn + "#k"} {
		if v, err := r.Resolve(ref); err != nil || v.Reveal() != word {
			t.Errorf("%s: %q, %v", ref, v.Reveal(), err)
		}
	}
}

func TestResolveFromAWSRefuses(t *testing.T) {
	r := vault(map[string]string{"plain": word, "keys": `{"password":"` + word + `","port":5439,"none":""}`,
		"half": `{"password":"` + word, "empty": ""})
	for _, c := range []struct{ ref, message, hint string }{
		{"aws-sm:", "names no secret", "aws-sm:NAME"},
		{"aws-sm:keys#", "names no secret and key", "aws-sm:NAME"},
		{"aws-sm:gone#password", "no secret of this name", "make it"},
		{"aws-sm:keys#passwort", `it has no key "passwort"`, "correct its name"},
		{"aws-sm:keys#port", "is no text", "correct its name"},
		{"aws-sm:keys#none", "it is empty", "put a value"},
		{"aws-sm:empty", "it is empty", "put a value"},
		{"aws-sm:plain#password", "no JSON object", "correct its name"},
		{"aws-sm:half#password", "no JSON object", "correct its name"},
	} {
		v, err := r.Resolve(c.ref)
		if err == nil || !strings.Contains(err.Error(), c.message) || !strings.Contains(plan.HintOf(err), c.hint) {
			t.Errorf("%s: %v (hint: %s), want %q (%q)", c.ref, err, plan.HintOf(err), c.message, c.hint)
			continue
		}
		if plan.ClassOf(err) != plan.Fix || v.Reveal() != "" || strings.Contains(err.Error()+plan.HintOf(err), word) {
			t.Errorf("%s: class %s, value %q, %v", c.ref, plan.ClassOf(err), v.Reveal(), err)
		}
	}
}

func TestThrottledSecretIsTriedAgain(t *testing.T) {
	slow := func(string) (string, error) { return "", plan.Failf(plan.Retry, "", "slow down") }
	r := Resolver{Outside: map[string]Reader{"aws-sm": slow}}
	_, err := r.Resolve("aws-sm:a#b")
	if plan.ClassOf(err) != plan.Retry || errors.Unwrap(err) == nil {
		t.Errorf("%v of class %s", err, plan.ClassOf(err))
	}
}
