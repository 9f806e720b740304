package source_test

import (
	"context"
	"errors"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/schema"
	"catchment/internal/source"
)

// What the org refuses without parents is read whole: by those of the copy, or by the flow's own where.
func TestRefusedWithoutParents(t *testing.T) {
	t.Parallel()
	broken := errors.New("the line is dead")
	for _, test := range []struct {
		object, where    string
		refused          bool
		err              error
		parent, cursor   string
		asked, isRefused bool
	}{
		{"ContentDocumentLink", "", true, nil, "ContentDocumentId", "", true, true},
		{"ContentDocumentLink", "LinkedEntityId IN ('001000000000001')", true, nil, "", "", true, true},
		{"ContentDocumentLink", "", false, nil, "", "SystemModstamp", true, false},
		{"ContentDocumentLink", "", false, broken, "", "", true, false},
		{"Contact", "", true, nil, "", "SystemModstamp", false, false},
	} {
		asked := false
		find := source.Finder{
			Describe: func(context.Context, string) (schema.Object, error) {
				return schema.Object{Name: test.object, Queryable: true, Fields: []schema.Field{
					{Name: "Id", Type: schema.ID, Filterable: true},
					{Name: "SystemModstamp", Type: schema.DateTime, Filterable: true},
				}}, nil
			},
			Refuses: func(context.Context, string) (bool, error) {
				asked = true
				return test.refused, test.err
			},
		}
		src, err := find.Source(t.Context(), flow.Flow{Object: test.object, Where: test.where})
		if asked != test.asked || !errors.Is(err, test.err) {
			t.Errorf("%+v: asked %v, %v", test, asked, err)
		}
		if err == nil && (src.Parent != test.parent || src.Cursor != test.cursor || src.Refused != test.isRefused) {
			t.Errorf("%+v: %q by %q, %v", test, src.Parent, src.Cursor, src.Refused)
		}
	}
}
