package listing

import (
	"cmp"
	"context"
	"fmt"

	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/rows"
)

// Digests lists so many bodies, each once and in order, of those that follow one.
func (c *Catalog) Digests(ctx context.Context, object, after string, most int) ([]bodies.Digest, error) {
	found := least[bodies.Digest]{
		most:    most,
		compare: func(a, b bodies.Digest) int { return cmp.Compare(a.SHA256, b.SHA256) },
		join: func(a, b bodies.Digest) bodies.Digest {
			return bodies.Digest{SHA256: a.SHA256, Size: max(a.Size, b.Size)}
		},
	}
	q := rows.Query{Columns: []string{"sha256", "size"}, AnyOrder: true}
	if object != "" {
		q.Where = own.Is("object", object)
	}
	known, err := c.register(ctx)
	if err == nil {
		err = c.each(ctx, known, q, func(row compare.Row) bool {
			if digest := row.Text("sha256"); digest > after {
				found.add(bodies.Digest{SHA256: digest, Size: row.Number("size")})
			}
			return true
		})
	}
	if err != nil {
		return nil, fmt.Errorf("list the bodies: %w", err)
	}
	return found.list(), nil
}

// Holders lists so many of the files that have one of some bodies, in order of their objects and Ids.
func (c *Catalog) Holders(ctx context.Context, digests []string, most int) ([]bodies.Holder, error) {
	if len(digests) == 0 {
		return nil, nil
	}
	asked := map[string]bool{}
	for _, digest := range digests {
		asked[digest] = true
	}
	found := least[bodies.Holder]{most: most, join: first[bodies.Holder], compare: func(a, b bodies.Holder) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.ID, b.ID))
	}}
	q := rows.Query{Columns: []string{"object", own.FileKey, "sha256"}, AnyOrder: true}
	known, err := c.register(ctx)
	if err == nil {
		err = c.each(ctx, known, q, func(row compare.Row) bool {
			if digest := row.Text("sha256"); asked[digest] {
				found.add(bodies.Holder{Object: row.Text("object"), ID: row.Text(own.FileKey), SHA256: digest})
			}
			return true
		})
	}
	if err != nil {
		return nil, fmt.Errorf("find the files of bodies: %w", err)
	}
	return found.list(), nil
}
