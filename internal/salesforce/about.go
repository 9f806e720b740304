package salesforce

import (
	"context"
	"fmt"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A Kind says what an org is for.
type Kind string

// The kinds of org. All but production ones are made to be thrown away or to try
// things out.
const (
	Production Kind = "production org"
	Sandbox    Kind = "sandbox"
	Scratch    Kind = "scratch org"
	Developer  Kind = "Developer Edition org"
	Trial      Kind = "trial org"
)

// An About is what an org says of itself.
type About struct {
	ID   string // 18 characters
	Name string
	Kind Kind
}

// About asks an org what it is called, and of what kind it is.
func (c *Client) About(ctx context.Context) (About, error) {
	fields := []string{"Id", "Name", "IsSandbox", "OrganizationType", "TrialExpirationDate"}
	said := map[string]string{}
	q := "SELECT Id, Name, IsSandbox, OrganizationType, TrialExpirationDate FROM Organization"
	for r, err := range c.Query(ctx, q, false) {
		for _, name := range fields {
			if err == nil {
				said[name], err = r.Text(name)
			}
		}
		if err != nil {
			return About{}, fmt.Errorf("ask what org this is: %w", err)
		}
	}
	if len(said) == 0 {
		return About{}, plan.Strangef("the org has no Organization record")
	}
	id, err := schema.ID18(said["Id"])
	kind := kindOf(said["IsSandbox"] == "true", said["TrialExpirationDate"] != "", said["OrganizationType"])
	return About{ID: id, Name: said["Name"], Kind: kind}, err
}

// kindOf: a scratch org says that it is a sandbox, and ends one day; so does a trial,
// and a Developer Edition that nobody uses.
func kindOf(sandbox, ends bool, edition string) Kind {
	switch {
	case sandbox && ends:
		return Scratch
	case sandbox:
		return Sandbox
	case edition == "Developer Edition":
		return Developer
	case ends:
		return Trial
	}
	return Production
}
