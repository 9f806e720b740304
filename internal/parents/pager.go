package parents

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

const (
	// PerQuery is how many parents one query names: a WHERE has 4,000 characters, and an Id takes 21.
	PerQuery = 150

	// listed is how many parents are in memory at once. It is a multiple of PerQuery, so that a list
	// ends where the one before did.
	listed = 100 * PerQuery
)

// A Pager reads records by their parents. It is chosen by who knows that the org wants that, never by
// how much there is to read.
type Pager struct {
	org       *salesforce.Client
	warehouse warehouse.Warehouse
}

var _ mover.Pager = (*Pager)(nil)

// New makes a Pager that reads from org, and finds the parents in the copy.
func New(org *salesforce.Client, w warehouse.Warehouse) *Pager { return &Pager{org, w} }

// Traits are none: nobody compares it with others.
func (p *Pager) Traits() mover.Traits { return mover.Traits{} }

// Create makes a job that is done: how many records it has, its pages say.
func (p *Pager) Create(ctx context.Context, r mover.Request) (mover.Job, error) {
	at, err := p.org.ServerTime(ctx)
	if err != nil {
		return mover.Job{}, err
	}
	return mover.Job{
		ID: "rest-" + rand.Text(), Version: p.org.Version(), ReadAt: at, Done: true, Records: mover.Uncounted,
		Request: r,
	}, nil
}

// Poll finds every job done.
func (p *Pager) Poll(_ context.Context, j mover.Job) (mover.Job, error) { return j, nil }

// Drop has nothing to do: Salesforce holds nothing but cursors, which expire.
func (p *Pager) Drop(context.Context, mover.Job) error { return nil }

// Pages makes a page of each list of parents. Its call is made when it is opened.
func (p *Pager) Pages(ctx context.Context, j mover.Job) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		for ids, err := range p.lists(ctx) {
			if err != nil {
				yield(mover.Page{}, err)
				return
			}
			open := func(ctx context.Context) (*mover.Body, error) { return p.open(ctx, j, ids) }
			if !yield(mover.Page{Name: nameOf(ids), Open: open}, nil) {
				return
			}
		}
	}
}

// Calls is about how many calls it takes to read the records of all parents that the copy has by now.
func (p *Pager) Calls(ctx context.Context) (calls int64, err error) {
	for _, err := range p.lists(ctx) {
		if errors.Is(err, errNone) { // the first run copies them before
			return 0, nil
		}
		if err != nil {
			return 0, err
		}
		calls++
	}
	return calls, nil
}

// lists yields the Ids of the parents, PerQuery at a time.
func (p *Pager) lists(ctx context.Context) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		after := ""
		for {
			ids, err := p.parents(ctx, after)
			if err != nil {
				yield(nil, err)
				return
			}
			for chunk := range slices.Chunk(ids, PerQuery) {
				if !yield(chunk, nil) {
					return
				}
			}
			if len(ids) < listed {
				return
			}
			after = ids[len(ids)-1]
		}
	}
}

// parents lists some of those that the copy has.
func (p *Pager) parents(ctx context.Context, after string) ([]string, error) {
	catalog, ok := bodies.CatalogOf(p.warehouse)
	if !ok {
		return nil, plan.Fixf("give the user the permission Query All Files",
			"%s can't list the documents whose links are to be read", p.warehouse.Name())
	}
	ids, copied, err := catalog.Documents(ctx, after, listed)
	if err != nil {
		return nil, err
	}
	if !copied {
		return nil, none()
	}
	for _, id := range ids { // a flow may have changed what it says of them
		if _, err := schema.ID18(id); err != nil {
			return nil, plan.Fixf("add a flow on ContentDocument; or let the one on ContentVersion copy "+
				"ContentDocumentId as it is",
				"what the copy has of documents are no Ids, so their links can't be read")
		}
	}
	return ids, nil
}

// nameOf is the name of the page of some parents: the same in every listing that has them together.
func nameOf(ids []string) string {
	sum := sha256.Sum256([]byte(strings.Join(ids, ",")))
	return fmt.Sprintf("%s-%s", ids[0], hex.EncodeToString(sum[:6]))
}
