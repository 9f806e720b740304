package project

import (
	"context"
	"errors"

	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
	"catchment/internal/secret"
)

// Resolver finds the secrets that references point to.
func (w World) Resolver() secret.Resolver {
	return secret.Resolver{Getenv: w.Getenv, ReadFile: w.ReadFile, Outside: w.Secrets}
}

// Secret gives the secret that a reference of the configuration points to.
func (p *Project) Secret(reference string) (string, error) {
	v, err := p.Resolver().Resolve(reference)
	return v.Reveal(), err
}

// login resolves the references of org.login. All that are missing are told at
// once.
func (p *Project) login() (login.Way, error) {
	l := p.File.Org.Login
	r := p.Resolver()
	var errs []error
	get := func(ref string) string {
		if ref == "" {
			return ""
		}
		v, err := r.Resolve(ref)
		if err != nil {
			errs = append(errs, err)
		}
		return v.Reveal()
	}
	id, pw, user := get(l.ClientID), get(l.ClientSecret), get(l.Username)
	password, token, key := get(l.Password), get(l.Token), get(l.Key)
	get(l.RefreshToken) // each login reads it anew
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	switch l.Flow {
	case "client_credentials":
		return login.ClientCredentials{ClientID: id, ClientSecret: pw}, nil
	case "jwt":
		signer, err := login.ParseKey(key)
		return login.JWT{ClientID: id, Username: user, Key: signer, Audience: l.Audience}, err
	case "refresh_token":
		return login.RefreshToken{ClientID: id, ClientSecret: pw, Keeper: r.Place(l.RefreshToken)}, nil
	case "sf_cli":
		return login.SalesforceCLI{Alias: l.Alias, Run: p.run}, nil
	case "password":
		return login.Password{ClientID: id, ClientSecret: pw, Username: user, Password: password}, nil
	case "token":
		return login.Token{Token: token}, nil
	}
	return nil, plan.Failf(plan.Bug, "", "no login flow is called %q", l.Flow)
}

// run runs another program, where this one may.
func (p *Project) run(ctx context.Context, name string, args ...string) ([]byte, error) {
	if p.Exec == nil {
		return nil, plan.Fixf("use another login flow here",
			"this program runs no others, and login flow sf_cli needs %s", name)
	}
	return p.Exec(ctx, name, args...)
}
