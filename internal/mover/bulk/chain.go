package bulk

import (
	"context"
	"sync"

	"catchment/internal/mover"
	"catchment/internal/salesforce"
)

// chain lists the pages by their locators: each is told by the headers of the
// page before. Who opens a page learns the next along with it; for a page that
// nobody opened in time, its headers are asked for.
func (p *Pager) chain(ctx context.Context, j mover.Job, yield func(mover.Page, error) bool) {
	job, url := queryJob(j), ""
	trail := mover.NewTrail(j.ID, j.Records)
	for n := 1; ; n++ {
		if err := trail.Step(url); err != nil {
			yield(mover.Page{}, err)
			return
		}
		l := &link{pager: p, job: job, url: url}
		if !yield(mover.Page{Name: pageName(n), Open: l.open}, nil) {
			return
		}
		next, err := l.follow(ctx)
		if err != nil {
			yield(mover.Page{}, err)
			return
		}
		if next == "" {
			return
		}
		url = next
	}
}

// A link is one page of a chain.
type link struct {
	pager *Pager
	job   salesforce.QueryJob
	url   string

	mu    sync.Mutex
	known bool
	next  string
}

func (l *link) open(ctx context.Context) (*mover.Body, error) {
	r, err := l.pager.org.Results(ctx, l.job, l.url)
	if err != nil {
		return nil, gone(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.known, l.next = true, r.Next
	return &mover.Body{ReadCloser: r.ReadCloser, Gzip: r.Gzip, Records: r.Records}, nil
}

// follow gives the URL of the next page.
func (l *link) follow(ctx context.Context) (string, error) {
	l.mu.Lock()
	known, next := l.known, l.next
	l.mu.Unlock()
	if known {
		return next, nil
	}
	body, err := l.open(ctx)
	if err != nil {
		return "", err
	}
	_ = body.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next, nil
}
