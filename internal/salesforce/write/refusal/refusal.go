// Package refusal says why Salesforce didn't write a record: by its code, in our own words. Of what Salesforce
// said only names are kept, since its messages repeat values.
//
// Start at Refusal.
package refusal

import (
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// A Reason is why a record was refused, in a word.
type Reason string

// The reasons that there are.
const (
	Gone        Reason = "gone"        // it is deleted already
	Missing     Reason = "missing"     // there is no such record, or this user doesn't see it
	NoID        Reason = "no id"       // what was given is no Id of this object
	Twice       Reason = "twice"       // it was given before, in the same write
	Restricted  Reason = "restricted"  // other records hold it
	TooLarge    Reason = "too large"   // too much hangs on it, or the file is too large
	Locked      Reason = "locked"      // somebody else changes it, or its parent, right now
	Approval    Reason = "approval"    // an approval process, or its own state, locks it
	Forbidden   Reason = "forbidden"   // the user may not
	Trigger     Reason = "trigger"     // a trigger or a flow of the org refuses
	Rule        Reason = "rule"        // a validation rule of the org, or a trigger that says so itself, refuses
	NotInBin    Reason = "not in bin"  // it can't be brought back: purged, never deleted, or its parent is gone
	RolledBack  Reason = "rolled back" // all or none, and another was refused
	Duplicate   Reason = "duplicate"   // there is one like it
	Value       Reason = "value"       // a field has none, or one that the org doesn't take
	NoRoom      Reason = "no room"     // the org's storage is full
	Unprocessed Reason = "unprocessed" // the job ended before it came to it
	Untold      Reason = "untold"      // it wasn't written, and no result says why
	Trouble     Reason = "trouble"     // Salesforce had trouble of its own
	Other       Reason = "other"       // a code that this table doesn't know
)

// A Refusal says why a record wasn't written. It holds no value: of what Salesforce said only names are kept.
type Refusal struct {
	Code   string   // Salesforce's, or one of ours where nothing was sent
	Reason Reason   // what that means
	Fields []string // API names, where Salesforce named some
	By     string   // the trigger that refused, where Salesforce named one
}

// Class says who can do something about it.
func (r Refusal) Class() plan.Class { return verdictOf(r.Reason).class }

// Error says it in our own words.
func (r Refusal) Error() string {
	text := r.Code + ": " + verdictOf(r.Reason).words
	if r.By != "" {
		text += " (trigger " + r.By + ")"
	}
	if len(r.Fields) > 0 {
		text += " (" + strings.Join(r.Fields, ", ") + ")"
	}
	return text
}

// A verdict is what a reason means to who reads it.
type verdict struct {
	class plan.Class
	words string
}

// verdictOf is the table of reasons.
func verdictOf(r Reason) verdict {
	switch r {
	case Gone:
		return verdict{plan.Fix, "the record is deleted already"}
	case Missing:
		return verdict{plan.Fix, "there is no such record, or the user doesn't see it"}
	case NoID:
		return verdict{plan.Bug, "that is no Id of the object"}
	case Twice:
		return verdict{plan.Bug, "the record was given before"}
	case Restricted:
		return verdict{plan.Fix, "other records hold it: they have to go first, or stay with it"}
	case TooLarge:
		return verdict{plan.Fix, "too much would go along, or the file is too large: delete its children first"}
	case Locked:
		return verdict{plan.Retry, "somebody else changes it or its parent right now"}
	case Approval:
		return verdict{plan.Fix, "it is locked, by an approval or by its state"}
	case Forbidden:
		return verdict{plan.Fix, "the user has no right to, on the record or on what goes along with it"}
	case Trigger:
		return verdict{plan.Fix, "a trigger or a flow of the org refuses"}
	case Rule:
		return verdict{plan.Fix, "a validation rule of the org refuses, or a trigger by one of its own"}
	case NotInBin:
		return verdict{plan.Fix, "it isn't in the recycle bin, or its parent isn't there"}
	case RolledBack:
		return verdict{plan.Retry, "it was to be all or none, and another record was refused"}
	case Duplicate:
		return verdict{plan.Fix, "there is a record like it"}
	case Value:
		return verdict{plan.Fix, "a field lacks its value, or has one that can't be written"}
	case NoRoom:
		return verdict{plan.Full, "the org's storage is full"}
	case Unprocessed:
		return verdict{plan.Retry, "the job ended before it came to this record"}
	case Untold:
		return verdict{plan.Retry, "it wasn't written, and no result says why"}
	case Trouble:
		return verdict{plan.Retry, "Salesforce had trouble of its own"}
	}
	return verdict{plan.Fix, "Salesforce refuses it, with a code that catchment doesn't know"}
}

// reasonOf is the table of Salesforce's codes (SOAP API guide, "Core Data Types": StatusCode).
func reasonOf(code string) Reason {
	switch code {
	case "ENTITY_IS_DELETED":
		return Gone
	case "INVALID_CROSS_REFERENCE_KEY", "NOT_FOUND", "INVALID_ID_FIELD":
		return Missing
	case "MALFORMED_ID":
		return NoID
	case "DUPLICATE_VALUE_IN_LIST":
		return Twice
	case "DELETE_FAILED", "RESTRICTED", "DEPENDENCY_EXISTS":
		return Restricted
	case "DELETE_OPERATION_TOO_LARGE", "OPERATION_TOO_LARGE", "REQUEST_ENTITY_TOO_LARGE", "FILE_SIZE_LIMIT_EXCEEDED",
		"ATTACHMENT_SIZE_LIMIT_EXCEEDED":
		return TooLarge
	case "UNABLE_TO_LOCK_ROW":
		return Locked
	case "ENTITY_IS_LOCKED", "ENTITY_IS_ARCHIVED":
		return Approval
	case "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY", "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
		"DELETE_REQUIRED_ON_CASCADE", "CANNOT_DELETE_MANAGED_OBJECT", "CANNOT_DELETE_OWNER", "CANNOT_DELETE_ENTITY",
		"INVALID_FIELD_FOR_INSERT_UPDATE", "INVALID_TYPE_FOR_OPERATION":
		return Forbidden
	case "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "CANNOT_EXECUTE_FLOW_TRIGGER", "APEX_ERROR", "APEX_FAILED":
		return Trigger
	case "FIELD_CUSTOM_VALIDATION_EXCEPTION", "FIELD_FILTER_VALIDATION_EXCEPTION":
		return Rule
	case "UNDELETE_FAILED":
		return NotInBin
	case "ALL_OR_NONE_OPERATION_ROLLED_BACK":
		return RolledBack
	case "DUPLICATE_VALUE", "DUPLICATES_DETECTED", "DUPLICATE_EXTERNAL_ID":
		return Duplicate
	case "REQUIRED_FIELD_MISSING", "STRING_TOO_LONG", "FIELD_INTEGRITY_EXCEPTION", "INVALID_FIELD",
		"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "INVALID_TYPE_ON_FIELD_IN_RECORD", "NUMBER_OUTSIDE_VALID_RANGE",
		"INVALID_EMAIL_ADDRESS", "INACTIVE_OWNER_OR_USER", "INVALID_TYPE", "JSON_PARSER_ERROR":
		return Value
	case "STORAGE_LIMIT_EXCEEDED":
		return NoRoom
	case "UNKNOWN_EXCEPTION", "SERVER_UNAVAILABLE", "LIMIT_EXCEEDED", "TOO_MANY_APEX_REQUESTS",
		"REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT":
		return Trouble
	}
	return Other
}

var (
	codeRE    = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,99}$`)
	triggerRE = regexp.MustCompile(
		`^([A-Za-z][A-Za-z0-9_.]{0,79}): execution of (?:Before|After)(?:Insert|Update|Delete|Undelete)\b`)
)

// namedAtMost is how many fields of one refusal are kept.
const namedAtMost = 20

// Of reads what a server said of one record. Only what can be nothing but a name is kept of it.
func Of(code, message string, fields []string) Refusal {
	if !codeRE.MatchString(code) {
		code = "UNKNOWN"
	}
	r := Refusal{Code: code, Reason: reasonOf(code)}
	if m := triggerRE.FindStringSubmatch(message); m != nil && r.Reason == Trigger {
		r.By = m[1]
	}
	for _, name := range fields {
		if schema.IsName(name) && len(r.Fields) < namedAtMost {
			r.Fields = append(r.Fields, name)
		}
	}
	return r
}

// OfRow reads the text that stands in sf__Error: the code, the message and the fields.
// In "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --" they stand between colons.
func OfRow(text string) Refusal {
	code, rest, _ := strings.Cut(text, ":")
	message, fields := rest, []string(nil)
	if at := strings.LastIndex(rest, ":"); at >= 0 {
		if list, ok := strings.CutSuffix(strings.TrimSpace(rest[at+1:]), "--"); ok {
			message = rest[:at]
			fields = strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c == ' ' })
		}
	}
	return Of(code, strings.TrimSpace(message), slices.Compact(fields))
}
