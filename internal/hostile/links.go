package hostile

import "net/http"

// MovedTo answers with a redirect to the same path below base.
func MovedTo(status int, base string) Trick {
	return func(x *Exchange) {
		x.W.Header().Set("Location", base+x.R.URL.RequestURI())
		x.begin(nil, 0, status)
	}
}

// MovedHere redirects to the very same URL, for ever.
func MovedHere(status int) Trick {
	return func(x *Exchange) {
		x.W.Header().Set("Location", x.R.URL.RequestURI())
		x.begin(nil, 0, status)
	}
}

// Continues says of a query's answer that has records that there is another one,
// at next.
func Continues(next string) Trick {
	return ChangeJSON(func(m map[string]any) {
		if records, _ := m["records"].([]any); len(records) > 0 {
			m["done"], m["nextRecordsUrl"] = false, next
		}
	})
}

// PagesAt gives the result pages of a job another host.
func PagesAt(base string) Trick {
	return ChangeJSON(func(m map[string]any) {
		pages, _ := m["resultPages"].([]any)
		for _, p := range pages {
			if page, ok := p.(map[string]any); ok {
				page["resultUrl"] = base + page["resultUrl"].(string)
			}
		}
		if next, ok := m["nextRecordsUrl"].(string); ok {
			m["nextRecordsUrl"] = base + next
		}
	})
}

// A Loop remembers the first answer that it gave, and gives it again whatever
// is asked.
type Loop struct {
	Next func(n int, a *Answer) // says in the n-th answer where the next one is

	first *Answer
	given int
}

// Trick gives the loop's answers. They come one after the other, as a client
// reads pages.
func (l *Loop) Trick(x *Exchange) {
	x.net.loops.Lock()
	if l.first == nil {
		l.first = x.Honest()
	}
	a := &Answer{Status: l.first.Status, Header: l.first.Header.Clone(), Body: l.first.Body}
	l.Next(l.given, a)
	l.given++
	x.net.loops.Unlock()
	if a.Header == nil {
		a.Header = http.Header{}
	}
	x.Send(a)
}
