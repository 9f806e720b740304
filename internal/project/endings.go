package project

import (
	"context"

	"catchment/internal/platform"
)

// Endings are what the configuration uses and Salesforce has announced the end of, by the
// clock of an org that has answered before.
func (p *Project) Endings(ctx context.Context) ([]platform.Ending, error) {
	var all []platform.Ending
	if p.File.Org.Login.Flow == "password" {
		now, err := p.Org.ServerTime(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, platform.OfPassword(now))
	}
	if e, ends := platform.OfVersion(p.Org.Version()); ends {
		all = append(all, e)
	}
	return all, nil
}
