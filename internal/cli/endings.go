package cli

import (
	"context"

	"catchment/internal/notice"
	"catchment/internal/platform"
)

// endings are what the configuration uses and Salesforce has announced the end of, by the
// clock of an org that has answered before.
func (w *work) endings(ctx context.Context) ([]platform.Ending, error) {
	var all []platform.Ending
	if w.File.Org.Login.Flow == "password" {
		now, err := w.Org.ServerTime(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, platform.OfPassword(now))
	}
	if e, ends := platform.OfVersion(w.Org.Version()); ends {
		all = append(all, e)
	}
	return all, nil
}

// warn tells of the endings.
func (w *work) warn(ctx context.Context) error {
	all, err := w.endings(ctx)
	for _, e := range all {
		if err == nil {
			err = w.Print(notice.Warning{What: e.What, Detail: e.Text, Hint: e.Hint})
		}
	}
	return err
}
