package source

import (
	"context"
	"strings"
)

// ParentOf names the field of an object that leads to its parents, where Salesforce lets some users
// read the object only by naming these (Object Reference, "Special Access Rules"); "" for any other
// object. Describe says nothing of it.
func ParentOf(object string) string {
	if strings.EqualFold(object, "ContentDocumentLink") {
		return "ContentDocumentId"
	}
	return ""
}

// meetRefusal asks whether the org refuses to let the object be read without naming parents. What is
// refused is read whole each time: beside parents no query may ask for what has changed.
func (s *Source) meetRefusal(ctx context.Context, f Finder) (err error) {
	parent := ParentOf(s.Object.Name)
	if parent == "" || f.Refuses == nil {
		return nil
	}
	if s.Refused, err = f.Refuses(ctx, s.Object.Name); err != nil || !s.Refused {
		return err
	}
	s.Cursor = ""
	if s.Flow.Where == "" { // a where of the user's own names them itself
		s.Parent = parent
	}
	return nil
}
