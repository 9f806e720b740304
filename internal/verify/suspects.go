package verify

import (
	"context"
	"slices"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
)

// askAtMost is how many records are read again at once. Those that nobody
// answers for cost most, a call for some two hundred of them: thirty calls.
const askAtMost = 5000

// An inquiry asks the org again about records that seem to differ, and has them
// judged by what it says.
type inquiry struct {
	asker
	reading warehouse.Reading
}

// confirm reads what seems to differ once more, by its Id, and keeps what still
// does. It goes by what the second look says: a record that changed meanwhile
// is stamped past the watermark, and one that a page lacked is there.
func (q inquiry) confirm(ctx context.Context, res *Result, sample int) error {
	suspects, err := q.reading.Ask(ctx, askAtMost)
	if err != nil {
		return err
	}
	before, err := q.reading.Difference(ctx, sample)
	if err != nil {
		return err
	}
	res.Difference = before
	if len(suspects) > 0 {
		if err := q.lookAgain(ctx, suspects); err != nil {
			return err
		}
		res.Difference, err = q.reading.Difference(ctx, sample)
	}
	res.Unconfirmed = max(0, differing(before)-int64(len(suspects)))
	res.Cleared = differing(before) - differing(res.Difference)
	return err
}

// idsOf names each suspect once.
func idsOf(suspects []evidence.Suspect) []string {
	ids := make([]string, len(suspects))
	for i, s := range suspects {
		ids[i] = s.ID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lookAgain reads records once more and has them judged by that.
func (q inquiry) lookAgain(ctx context.Context, suspects []evidence.Suspect) error {
	look, err := q.again(ctx, idsOf(suspects), fieldsOf(q.subject.judged), q.shelf.compared())
	pages := look.live
	defer func() { q.shelf.forget(ctx, pages) }()
	if err != nil {
		return err
	}
	if len(look.states) > 0 {
		deleted, err := q.statePage(ctx, look.states, q.subject.judged)
		if err != nil {
			return err
		}
		pages = append(pages, deleted)
	}
	clock, err := q.org.ServerTime(ctx)
	if err != nil {
		return err
	}
	return q.shelf.load(ctx, pages, func(pages []warehouse.Page) error { return q.reading.Answer(ctx, clock, pages) })
}
