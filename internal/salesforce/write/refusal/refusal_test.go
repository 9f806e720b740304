package refusal_test

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/salesforce/write/refusal"
)

// secret stands where a server may put the value of a record.
const secret = "s3cr3t value"

func TestOf(t *testing.T) {
	for code, want := range map[string]struct {
		reason refusal.Reason
		class  plan.Class
	}{
		"DELETE_FAILED":                        {refusal.Restricted, plan.Fix},
		"DELETE_OPERATION_TOO_LARGE":           {refusal.TooLarge, plan.Fix},
		"UNABLE_TO_LOCK_ROW":                   {refusal.Locked, plan.Retry},
		"ENTITY_IS_LOCKED":                     {refusal.Approval, plan.Fix},
		"ENTITY_IS_DELETED":                    {refusal.Gone, plan.Fix},
		"INSUFFICIENT_ACCESS_OR_READONLY":      {refusal.Forbidden, plan.Fix},
		"DELETE_REQUIRED_ON_CASCADE":           {refusal.Forbidden, plan.Fix},
		"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": {refusal.Trigger, plan.Fix},
		"FIELD_CUSTOM_VALIDATION_EXCEPTION":    {refusal.Rule, plan.Fix},
		"UNDELETE_FAILED":                      {refusal.NotInBin, plan.Fix},
		"STORAGE_LIMIT_EXCEEDED":               {refusal.NoRoom, plan.Full},
		"SOMETHING_NEW":                        {refusal.Other, plan.Fix},
		"a value in its place":                 {refusal.Other, plan.Fix},
	} {
		got := refusal.Of(code, secret, []string{secret, "Name", "a b"})
		if got.Reason != want.reason || got.Class() != want.class || !slices.Equal(got.Fields, []string{"Name"}) {
			t.Errorf("%s: %+v, %s", code, got, got.Class())
		}
		if strings.Contains(got.Error(), "value in its place") || strings.Contains(got.Error(), secret) {
			t.Errorf("%s repeats a value: %s", code, got.Error())
		}
	}
}

func TestOfRow(t *testing.T) {
	for text, want := range map[string]string{
		"UNABLE_TO_LOCK_ROW:unable to obtain: x:--": "UNABLE_TO_LOCK_ROW: " +
			"somebody else changes it or its parent right now",
		"REQUIRED_FIELD_MISSING:missing: [Name]:Name, Phone --": "REQUIRED_FIELD_MISSING: " +
			"a field lacks its value, or has one that can't be written (Name, Phone)",
		"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:ns.Guard: execution of BeforeDelete\n\ncaused by: Smith:--": "" +
			"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: a trigger or a flow of the org refuses (trigger ns.Guard)",
	} {
		if got := refusal.OfRow(text).Error(); got != want {
			t.Errorf("%s\ngives %s\nwant  %s", text, got, want)
		}
	}
}

// FuzzRefusal reads whatever stands in sf__Error: only names are kept of it.
func FuzzRefusal(f *testing.F) {
	for _, text := range []string{
		"", ":", "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --", secret,
		"A:" + secret + ":" + secret + " --",
		"CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY:Guard: execution of BeforeDelete caused by: " + secret + ":--",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := refusal.OfRow(text)
		said := r.Error()
		unfit := len(said) > 4000 || strings.ContainsAny(said, "\n\r\x1b")
		if unfit || strings.Contains(said, secret) || r.Reason == "" {
			t.Errorf("%q of %q", said, text)
		}
	})
}
