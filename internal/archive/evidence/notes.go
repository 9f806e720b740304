package evidence

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"catchment/internal/archive/manifest"
)

// rest takes Ids out of what else lies in a plan's folder, as notes of a run for the next one:
// nobody's Id stands in their place.
func (r Redactor) rest(ctx context.Context, plan string, gone map[string]bool) error {
	var keys []string
	for info, err := range r.Store.List(ctx, manifest.Folder(plan)) {
		if err != nil {
			return err
		}
		if info.Key != manifest.Key(plan) && !strings.HasPrefix(info.Key, folder(plan)) {
			keys = append(keys, info.Key) // a store isn't changed while it is listed
		}
	}
	for _, key := range keys {
		found := false
		if err := r.each(ctx, key, func(id []byte) { found = found || gone[string(id)] }); err != nil {
			return err
		}
		if !found {
			continue
		}
		err := manifest.Exchange(ctx, r.Store, plan, key, func(in io.Reader, out io.Writer) error {
			text, err := short(in)
			if err != nil {
				return err
			}
			_, err = out.Write(idRE.ReplaceAllFunc(text, func(id []byte) []byte {
				if gone[string(id)] {
					return []byte(nobody)
				}
				return id
			}))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// nobody is an Id as Salesforce writes them, and of no record.
const nobody = "000000000000000AAA"

var idRE = regexp.MustCompile(`\b[0-9A-Za-z]{18}\b`)

// each tells of what may be an Id in a blob.
func (r Redactor) each(ctx context.Context, key string, tell func(id []byte)) error {
	in, err := r.Store.Open(ctx, key)
	if err != nil {
		return err
	}
	text, err := short(in)
	if err = errors.Join(err, in.Close()); err != nil {
		return err
	}
	for _, id := range idRE.FindAll(text, -1) {
		tell(id)
	}
	return nil
}

// short reads a note, which has room in memory.
func short(in io.Reader) ([]byte, error) {
	const longest = 32 << 20
	text, err := io.ReadAll(io.LimitReader(in, longest+1))
	if err == nil && len(text) > longest {
		err = errors.New("it is larger than any note of an archive")
	}
	return text, err
}
