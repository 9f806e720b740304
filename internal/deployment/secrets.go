package deployment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/secret"
)

// A reading is a secret that the functions read: one that is there, where a
// reference names its ARN, and else one that the template makes, for somebody
// to fill.
type reading struct {
	Name string // or its ARN
	secret.Grant
}

// there tells whether the secret exists before the template.
func (r reading) there() bool { return strings.HasPrefix(r.Name, "arn:") }

// Secrets Manager adds a hyphen and six characters to the name of a secret. An
// ARN may come without them.
const added = "-??????"

// arns are those that the secret may have.
func (r reading) arns() []string {
	if !r.there() {
		return []string{partition + "secretsmanager:" + account + "secret:" + r.Name + added}
	}
	if i := strings.LastIndexByte(r.Name, '-'); i >= 0 && len(r.Name)-i == len(added) {
		return []string{r.Name}
	}
	return []string{r.Name + added}
}

type readings []reading

// Made are those that the template makes.
func (all readings) Made() readings {
	return slices.DeleteFunc(slices.Clone(all), reading.there)
}

// grants are the rights to read them, a statement for each kind of secret.
func (all readings) grants(sid, why string) []grant {
	var out []grant
	for _, r := range all {
		i := slices.IndexFunc(out, func(g grant) bool { return g.Rights[0].Action == r.Right })
		if i < 0 {
			out = append(out, grant{Sid: fmt.Sprint(sid, len(out)), Rights: []right{{r.Right, why}}})
			i = len(out) - 1
		}
		out[i].On = append(out[i].On, r.arns()...)
	}
	return out
}

// readSecrets finds the secrets of a configuration, and what of them a Lambda
// function couldn't read.
func readSecrets(file *flow.File) (all readings, problems []string) {
	forms := secret.FormsOf(func(b secret.Backend) bool { return b.Lambda })
	for name, ref := range references(file) {
		if ref == "" {
			continue
		}
		b, rest, _ := secret.BackendOf(ref)
		if !b.Lambda {
			problems = append(problems, fmt.Sprintf(
				"%s is %s, which no Lambda has: write %s, and put the secret there", name, ref, forms))
		}
		if b.Grant != nil {
			whole, _, _ := strings.Cut(rest, "#") // keys are not granted one by one
			all = append(all, reading{whole, *b.Grant})
		}
	}
	slices.SortFunc(all, func(a, b reading) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Compact(all), problems
}

func references(file *flow.File) map[string]string {
	l := file.Org.Login
	all := map[string]string{"org.login.client_id": l.ClientID, "org.login.client_secret": l.ClientSecret,
		"org.login.username": l.Username, "org.login.password": l.Password, "org.login.token": l.Token,
		"org.login.key": l.Key}
	for of, ref := range file.Salts() {
		all["salt of "+of] = ref
	}
	return all
}
