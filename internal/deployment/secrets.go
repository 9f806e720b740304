package deployment

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/secret"
)

// A madeSecret is one that the template makes, for somebody to fill.
type madeSecret struct {
	Name string
	secret.Grant
}

// loginSecrets finds the secrets of a login that the template makes, and what
// of it a Lambda function couldn't read.
func loginSecrets(l flow.Login) (made []madeSecret, problems []string) {
	forms := secret.FormsOf(func(b secret.Backend) bool { return b.Lambda })
	for name, ref := range references(l) {
		if ref == "" {
			continue
		}
		b, rest, _ := secret.BackendOf(ref)
		if !b.Lambda {
			problems = append(problems, fmt.Sprintf(
				"org.login.%s is %s, which no Lambda has: write %s, and put the secret there", name, ref, forms))
		}
		if b.Grant != nil {
			whole, _, _ := strings.Cut(rest, "#") // keys are not granted one by one
			made = append(made, madeSecret{whole, *b.Grant})
		}
	}
	slices.SortFunc(made, func(a, b madeSecret) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Resource, b.Resource))
	})
	return slices.Compact(made), problems
}

func references(l flow.Login) map[string]string {
	return map[string]string{"client_id": l.ClientID, "client_secret": l.ClientSecret, "username": l.Username,
		"password": l.Password, "token": l.Token, "key": l.Key}
}

// secretRights are the actions that read secrets, as the template writes them.
// One that is of another service than the secret it is granted on allows nothing.
func secretRights() string {
	var rights []string
	for _, b := range secret.Backends() {
		if b.Grant != nil {
			rights = append(rights, b.Grant.Right)
		}
	}
	if len(rights) == 1 {
		return rights[0]
	}
	return "[" + strings.Join(rights, ", ") + "]"
}
