package removal

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal/hanging"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A paper is a plan as it lies in the blob store, without its records: those are read from
// there as often as they are needed, and memory stays flat.
type paper struct {
	file   *os.File // a copy for the life of the run: a store may not wait for a slow reader
	size   int64
	name   string
	digest string

	head    manifest.Head
	cool    time.Duration
	end     manifest.End
	objects []manifest.Object
	lost    map[string]bool      // objects and fields, in lower case, whose loss was agreed to
	along   []hanging.Relation   // by which it takes records along
	newest  map[string]time.Time // stamp of an object's records that go
	clears  map[clear]bool       // lookups that are known to be emptied
	escorts map[string]bool      // objects, in lower case, of which records go along with a parent
	losing  string               // what would be lost though nobody agreed to it
}

// readPaper reads a plan, and checks that it is whole and the one of its name.
func readPaper(ctx context.Context, store blob.Store, name string) (*paper, error) {
	p := &paper{name: name, lost: map[string]bool{}, newest: map[string]time.Time{},
		clears: map[clear]bool{}, escorts: map[string]bool{}}
	if err := p.fetch(ctx, store); err != nil {
		return nil, err
	}
	err := p.survey(ctx)
	if err == nil && manifest.Name(p.head, p.digest) != name {
		err = plan.Fixf("make it anew with: catchment archive plan "+p.head.Policy.Name,
			"plan %s was changed after it was made", name)
	}
	if err == nil {
		p.cool, err = p.head.Policy.Cooling()
	}
	if err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// fetch brings the plan into a file of its own.
func (p *paper) fetch(ctx context.Context, store blob.Store) error {
	in, err := store.Open(ctx, manifest.Key(p.name))
	if errors.Is(err, blob.ErrNotFound) {
		return plan.Fixf("see the plans with: catchment archive status", "there is no plan %s", p.name)
	}
	if err != nil {
		return fmt.Errorf("plan %s: %w", p.name, err)
	}
	defer func() { _ = in.Close() }() // what was read has a digest
	if p.file, err = os.CreateTemp("", "catchment-plan-"); err != nil {
		return err
	}
	if p.size, err = io.Copy(p.file, in); err != nil {
		p.close()
		return fmt.Errorf("read plan %s: %w", p.name, err)
	}
	return nil
}

// close gives the file back.
func (p *paper) close() {
	_ = p.file.Close()           // it was only read
	_ = os.Remove(p.file.Name()) // it is a copy
}

// survey reads what is needed of the plan beside its records.
func (p *paper) survey(ctx context.Context) (err error) {
	seen := map[hanging.Relation]bool{}
	p.digest, err = p.read(ctx, manifest.Each{
		Head: func(h manifest.Head) error { p.head = h; return nil },
		Object: func(o manifest.Object) error {
			p.objects = append(p.objects, o)
			return nil
		},
		Loss: func(l manifest.Loss) error {
			if !l.Allowed {
				p.losing = l.What
			}
			p.lost[strings.ToLower(l.What)] = true
			return nil
		},
		Record: func(r manifest.Record) error {
			if r.By != "" {
				seen[hanging.Relation{Object: r.Object, Field: r.By}] = true
			}
			if r.Fate == manifest.In && r.Along {
				p.escorts[strings.ToLower(r.Object)] = true
			}
			if r.Fate == manifest.In && r.Stamp.After(p.newest[r.Object]) {
				p.newest[r.Object] = r.Stamp
			}
			return nil
		},
		Clear: func(c manifest.Clear) error {
			p.clears[clearOf(c.Object, c.ID, c.Field)] = true
			return nil
		},
		End: func(e manifest.End) error { p.end = e; return nil },
	})
	for r := range seen {
		p.along = append(p.along, r)
	}
	return err
}

// A clear is the digest of a lookup of one record: there may be many more than a plan has records.
type clear [16]byte

func clearOf(object, id, field string) clear {
	sum := sha256.Sum256([]byte(strings.ToLower(object) + " " + id + " " + strings.ToLower(field)))
	return clear(sum[:16])
}

// read reads the plan anew.
func (p *paper) read(ctx context.Context, each manifest.Each) (digest string, err error) {
	if err := context.Cause(ctx); err != nil {
		return "", err
	}
	return manifest.Read(io.NewSectionReader(p.file, 0, p.size), each)
}

// A portion is some records of a plan, all of one object at one level.
type portion struct {
	object  string
	level   int
	records []manifest.Record
}

func (p portion) ids() []string {
	ids := make([]string, len(p.records))
	for i, r := range p.records {
		ids[i] = r.ID
	}
	return ids
}

// portions reads the records of a plan, deepest level first, in portions no larger than a
// batch. of tells which are wanted; nil wants all.
func (p *paper) portions(ctx context.Context, of func(manifest.Record) bool, each func(portion) error) error {
	var now portion
	flush := func() error {
		if len(now.records) == 0 {
			return nil
		}
		whole := now
		now.records = nil
		return each(whole)
	}
	var failed error // Read says of what it is told that the plan is broken
	_, err := p.read(ctx, manifest.Each{Record: func(r manifest.Record) error {
		if of != nil && !of(r) {
			return nil
		}
		if r.Object != now.object || r.Level != now.level || len(now.records) == archive.BatchAtMost {
			if failed = flush(); failed != nil {
				return failed
			}
			now.object, now.level = r.Object, r.Level
		}
		now.records = append(now.records, r)
		return nil
	}})
	if failed != nil {
		return failed
	}
	if err == nil {
		err = flush()
	}
	return err
}

// below finds the records that go along with some others, and with those that do.
func (p *paper) below(ctx context.Context, parents map[string]*entry) (all []*entry, err error) {
	found := map[string]*entry{}
	for grown := len(p.escorts) > 0; grown; {
		grown = false
		_, err := p.read(ctx, manifest.Each{Record: func(r manifest.Record) error {
			if !r.Along || r.Fate != manifest.In || found[r.ID] != nil {
				return nil
			}
			with := parents[r.Parent]
			if along := found[r.Parent]; with == nil && along != nil {
				with = along.with
			}
			if with != nil {
				e := &entry{record: r, with: with, ruling: ruling{fate: fateOpen}}
				found[r.ID], all, grown = e, append(all, e), true
			}
			return nil
		}})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// goesAlong tells whether records of an object go along with others, and are never posted.
func (p *paper) goesAlong(object string) bool { return p.escorts[strings.ToLower(object)] }

// levels are those of a plan that have records to go, deepest first.
func (p *paper) levels() (all []int) {
	for _, o := range p.objects {
		if o.In > 0 && !slices.Contains(all, o.Level) {
			all = append(all, o.Level)
		}
	}
	slices.Sort(all)
	slices.Reverse(all)
	return all
}

// going are the objects of which records are to go; at one level, or at all with -1.
func (p *paper) going(level int) (all []string) {
	for _, o := range p.objects {
		if o.In > 0 && (level < 0 || o.Level == level) && !slices.Contains(all, o.Object) {
			all = append(all, o.Object)
		}
	}
	return all
}

// prefix is how the Ids of an object of the plan begin.
func (p *paper) prefix(object string) string {
	for _, o := range p.objects {
		if strings.EqualFold(o.Object, object) {
			return o.Prefix
		}
	}
	return ""
}
