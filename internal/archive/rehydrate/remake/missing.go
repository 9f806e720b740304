package remake

// A Reason is why a field, or a record, can't come back as it was. It stands in reports as it is.
type Reason string

// The reasons. What each means is a line of Reasons.
const (
	Silent      Reason = "-" // it comes another way
	Changed     Reason = "changed by the org"
	Unread      Reason = "not read back"
	OtherID     Reason = "other id"
	Stamp       Reason = "stamp"
	Audit       Reason = "audit"
	AutoNumber  Reason = "auto number"
	Calculated  Reason = "calculated"
	ByOrg       Reason = "by salesforce"
	Refused     Reason = "refused"
	Owner       Reason = "inactive owner"
	LeadsGone   Reason = "leads to nothing"
	LeadsAside  Reason = "leads to what did not come back"
	Fixed       Reason = "can't be filled later"
	TakenSince  Reason = "filled since"
	NotAValue   Reason = "not a value"
	NoBody      Reason = "no body"
	WithVersion Reason = "of the file"
	Uncreatable Reason = "object"
)

// A Line says what a reason means, to who reads a report or the manual.
type Line struct {
	Reason Reason
	What   string // which fields or records it is about
	Why    string
}

// Reasons is the table of what can't come back as it was, or not always. The manual prints it.
func Reasons() []Line {
	return []Line{
		{OtherID, "Id", "a record that is inserted has another Id: the ledger's new_id says which"},
		{Stamp, "SystemModstamp", "Salesforce writes it itself, always"},
		{Audit, "CreatedDate, CreatedById, LastModifiedDate, LastModifiedById", "they can be set only on insert, " +
			"with the permission Set Audit Fields upon Record Creation, and only of the objects that Salesforce " +
			"lists; LastModified of a Task that is about somebody or something never; a delete moves it, and " +
			"so does what is filled in later"},
		{AutoNumber, "auto numbers, such as CaseNumber", "a new record gets the next number"},
		{Calculated, "formulas and roll-up summaries", "the org calculates them anew"},
		{ByOrg, "what nobody may write, such as LastActivityDate or IsClosed", "Salesforce fills it from other " +
			"fields, or this user may only read it"},
		{Refused, "a value that the org takes no more", "the choice was taken out of a restricted picklist, the " +
			"field was made shorter, or a rule refuses it"},
		{Owner, "OwnerId", "its user is inactive, and the permission Update Records with Inactive Owners is " +
			"missing: the owner is the user who brings back"},
		{LeadsGone, "lookups to what the org hasn't any more", "such as a record type, a queue, or a record that " +
			"was deleted since"},
		{LeadsAside, "lookups to what was to come back and didn't", "bring that back, then do the same again"},
		{Fixed, "lookups in a circle that can't be changed later", "none of the records can be the first"},
		{TakenSince, "lookups of records that stayed", "somebody has filled them otherwise since: that stays"},
		{Changed, "what was given, and is another one", "a trigger, a flow or a default of the org has changed " +
			"it: look whether that is meant for old records, too"},
		{Unread, "records that couldn't be read back", "what they hold now isn't compared"},
		{NotAValue, "values that aren't of their field's type any more", "the field's type was changed since"},
		{NoBody, "versions of a file whose bodies weren't copied", "bodies: all would have copied them"},
		{WithVersion, "what a file has by itself: its number, ContentModifiedDate, IsMajorVersion, the link to " +
			"its owner, and where it was published if that was nowhere", "Salesforce writes it with the file's " +
			"first version"},
		{Uncreatable, "histories, feeds, shares by rule, and other records that nobody may create", "only an " +
			"undelete brings them back, within the recycle bin's days"},
	}
}

// A Missing is a field of a record that didn't come back, and why.
type Missing struct {
	Field  string `json:"field"`
	Reason Reason `json:"reason"`
}
