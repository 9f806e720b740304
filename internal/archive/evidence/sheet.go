package evidence

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
)

// A kind is what a sheet is for.
type kind string

const (
	kindHead    kind = "head"    // the first
	kindIntent  kind = "intent"  // a batch, before it is posted
	kindSettled kind = "settled" // the same batch, once it is known what became of it
	kindKept    kind = "kept"    // records that ended without a delete
	kindEnd     kind = "end"     // the last of what was deleted

	kindReturned kind = "returned" // records that came back, at any time
)

// mostSheets is more than any plan has: two for each batch.
const mostSheets = 999_999

// A sheet is a blob of evidence, by what its key says: 000003-intent-2.jsonl, or
// 000003-intent-2.r1.jsonl once something of it was erased. Erasing writes a new one and then
// deletes the old, since a blob never changes.
type sheet struct {
	number   int
	kind     kind
	part     int64
	revision int
	key      string
}

// folder is where a plan's evidence lies.
func folder(plan string) string { return manifest.Folder(plan) + "evidence/" }

// key is where a sheet lies.
func keyOf(plan string, s sheet) string {
	key := fmt.Sprintf("%s%06d-%s-%d", folder(plan), s.number, s.kind, s.part)
	if s.revision > 0 {
		key += fmt.Sprintf(".r%d", s.revision)
	}
	return key + ".jsonl"
}

// sheetOf reads a key.
func sheetOf(plan, key string) (sheet, error) {
	wrong := fmt.Errorf("%s is no sheet of evidence", key)
	name, ok := strings.CutSuffix(strings.TrimPrefix(key, folder(plan)), ".jsonl")
	name, revision, revised := strings.Cut(name, ".r")
	words := strings.Split(name, "-")
	if !ok || len(words) != 3 {
		return sheet{}, wrong
	}
	s := sheet{kind: kind(words[1]), key: key}
	var err, failed error
	s.number, err = strconv.Atoi(words[0])
	failed = cmp.Or(failed, err)
	s.part, err = strconv.ParseInt(words[2], 10, 64)
	failed = cmp.Or(failed, err)
	if revised {
		s.revision, err = strconv.Atoi(revision)
		failed = cmp.Or(failed, err)
	}
	if failed != nil || keyOf(plan, s) != key {
		return sheet{}, wrong
	}
	return s, nil
}

// A pile is the sheets of one number. It has more than one only where an erasure was stopped
// between writing the new one and deleting the old.
type pile struct {
	sheet         // the newest
	older []sheet // what it takes the place of
}

// sheets yields the sheets of a plan in their order. A gap between them is an error, which
// tells of the number that is missing.
func sheets(ctx context.Context, store blob.Store, plan string) iter.Seq2[pile, error] {
	return func(yield func(pile, error) bool) {
		var now pile
		for info, err := range store.List(ctx, folder(plan)) {
			if err != nil {
				yield(pile{}, err)
				return
			}
			s, err := sheetOf(plan, info.Key)
			switch {
			case err != nil:
				yield(pile{}, &Broken{Key: info.Key, What: "it is no sheet of evidence: nothing else may lie there"})
				return
			case s.number == now.number && s.kind == now.kind && s.part == now.part:
				now.add(s)
				continue
			case s.number != now.number+1:
				yield(pile{}, &Broken{Key: info.Key, What: fmt.Sprintf("sheet %06d should be before it, and isn't",
					now.number+1)})
				return
			}
			if now.number > 0 && !yield(now, nil) {
				return
			}
			now = pile{sheet: s}
		}
		if now.number > 0 {
			yield(now, nil)
		}
	}
}

// add puts a sheet of the same number on a pile.
func (p *pile) add(s sheet) {
	if s.revision > p.revision {
		p.sheet, s = s, p.sheet
	}
	p.older = append(p.older, s)
}
