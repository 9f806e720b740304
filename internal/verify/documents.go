package verify

import (
	"context"
	"slices"
	"strconv"

	"catchment/internal/archive"
	"catchment/internal/body"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/warehouse/bodies"
)

// proven proves the bodies of records: of files their own, of documents those of their versions.
func (r *readback) proven(
	ctx context.Context, ids []string, files map[string]bodies.File,
) (map[string]held, error) {
	if r.documents {
		return r.ofDocuments(ctx, ids)
	}
	found := map[string]held{}
	lines, err := r.lines(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if found[id], err = r.prove(ctx, files[id], lines[id]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// lines is what the register says of files.
func (r *readback) lines(ctx context.Context, ids []string) (map[string]*bodies.Line, error) {
	lines, err := r.register.Lookup(ctx, r.of.Object, ids)
	all := map[string]*bodies.Line{}
	for i := range lines {
		all[lines[i].ID] = &lines[i]
	}
	return all, err
}

// ofDocuments proves the bodies of documents: a document that is deleted takes all its versions
// along, so each that the org has, also one that was made a moment ago, must be in the copy. What
// else the versions say is proven under their own Ids.
func (r *readback) ofDocuments(ctx context.Context, ids []string) (map[string]held, error) {
	found := map[string]held{}
	for some := range slices.Chunk(ids, lookup.PerQuery(0)) {
		versions, err := r.versions(ctx, some)
		if err != nil {
			return nil, err
		}
		rows, err := r.rows(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, id := range some {
			if found[id], err = r.document(ctx, versions[id], rows); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// document proves the bodies of one document's versions, up to the first that isn't.
func (r *readback) document(
	ctx context.Context, versions []bodies.File, rows map[string]*bodies.Line,
) (all held, err error) {
	if len(versions) == 0 {
		return held{why: "body: this user sees no version of it"}, nil
	}
	for _, f := range versions {
		line, known := rows[f.ID]
		if !known {
			return held{why: "body: the copy has no row of version " + f.ID}, nil
		}
		one, err := r.prove(ctx, f, line)
		if err != nil {
			return all, err
		}
		if one.why != "" {
			return held{why: one.why + " (version " + f.ID + ")"}, nil
		}
		all.bodies = append(all.bodies, one.bodies...)
	}
	return all, nil
}

// versions asks the org for the versions of documents, by these.
func (r *readback) versions(ctx context.Context, documents []string) (map[string][]bodies.File, error) {
	fields := []string{"Id", "ContentDocumentId", r.of.Size, r.of.Checksum, r.of.Location}
	q := soql.Select{Fields: fields, From: r.of.Object,
		Where: []soql.Condition{soql.In("ContentDocumentId", documents)}}
	if err := r.held.Renew(ctx); err != nil {
		return nil, err
	}
	all := map[string][]bodies.File{}
	for rec, err := range r.Org.Query(ctx, q.String(), r.in == archive.Bin) {
		if err != nil {
			return nil, err
		}
		document, f, err := versionOf(rec, fields)
		if err != nil {
			return nil, err
		}
		all[document] = append(all[document], f)
	}
	return all, nil
}

// versionOf reads one version, by the fields that versions asks for.
func versionOf(rec salesforce.Record, fields []string) (document string, f bodies.File, err error) {
	texts := make([]string, len(fields))
	for i, name := range fields {
		if texts[i], err = rec.Text(name); err != nil {
			return "", f, err
		}
	}
	f = bodies.File{ID: texts[0], Size: -1, Location: texts[4], Version: bodies.Version{Checksum: texts[3]}}
	if texts[2] != "" {
		if f.Size, err = strconv.ParseInt(texts[2], 10, 64); err != nil {
			return "", f, plan.Strangef("the size of a file isn't a number")
		}
	}
	return texts[1], f, nil
}

// rows finds the versions of documents that have a row in the copy, and what the register says of
// each: nil for nothing.
func (r *readback) rows(ctx context.Context, documents []string) (map[string]*bodies.Line, error) {
	var ids []string
	for after := ""; ; {
		some, err := r.catalog.Files(ctx, bodies.Search{Object: r.of.Object, IDs: documents}, after, bodiesPerRenewal)
		if err != nil {
			return nil, err
		}
		for _, f := range some {
			if after = f.ID; f.Known {
				ids = append(ids, f.ID)
			}
		}
		if len(some) < bodiesPerRenewal {
			break
		}
	}
	known, err := r.lines(ctx, ids)
	all := make(map[string]*bodies.Line, len(ids))
	for _, id := range ids {
		all[id] = known[id]
	}
	return all, err
}

// readback makes a readback of a flow whose records are files, or documents that have some.
func (p *proof) readback() (r *readback, ok bool, err error) {
	r = &readback{proof: p, known: map[string]error{}}
	if r.of, ok = body.Of(p.flow.Object); !ok {
		r.of, _ = body.Of("ContentVersion")
		if r.documents = isDocument(p.flow.Object); !r.documents {
			return nil, false, nil
		}
	}
	var lists bool
	r.register, ok = bodies.Of(p.Warehouse)
	r.catalog, lists = bodies.CatalogOf(p.Warehouse)
	if !ok || !lists {
		return nil, false, plan.Fixf("archive files with another warehouse", "this warehouse has no register of bodies")
	}
	return r, true, nil
}
