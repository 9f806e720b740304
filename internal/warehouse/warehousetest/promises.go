package warehousetest

import "catchment/internal/warehouse/gone"

// everyones are the promises of the roles that every warehouse has.
func everyones() []group {
	return []group{
		{"marks", []test{
			{"an old fence is refused", fences},
			{"another org is refused", otherOrg},
			{"flows are claimed together where each would be alone", claimsTogether},
			{"two orgs at once", twoOrgsAtOnce},
			{"two orgs inside", twoOrgsInside},
			{"another org takes over", otherOrgTakesOver},
			{"another org that fails to take over", takeOverThatFails},
			{"a table has one flow", oneFlowEach},
			{"what runs remember is kept with the mark", memory},
		}},
		{"shaper", []test{
			{"what became of the final table", conditions},
			{"a table that lost its key gets it back", keyLost},
			{"records that have more rows than one are named", keyRepeated},
			{"new fields and vanished ones", schemaChanges},
			{"fields of another type", otherTypes},
			{"a NUL in a label", describedOddly},
			{"what a field leaves behind", leftBehind},
			{"a column gets its own name back", calledBack},
			{"a table that isn't ours", foreignTable},
			{"a column gets another name", renamed},
			{"migrations", migrations},
			{"metadata", metadata},
		}},
		{"loader", []test{
			{"a page is loaded once", loadedTwice},
			{"two loaders at once", twoLoaders},
			{"pages as they may come", pageForms},
			{"a page that holds other than it should", otherCounts},
			{"a page that changed is refused", changedPage},
			{"another job replaces the staged rows", discard},
			{"a job's keys that came more than once", doubles},
			{"values survive byte for byte", values},
			{"decimals widen and are never rounded", decimals},
			{"two loaders that need a wider column", twoWideners},
			{"there is room for what is promised", edges},
			{"a column of whole numbers grows", outgrown},
			{"numbers without room are refused", tight},
			{"rejected records are kept", rejected},
			{"no error holds a value", noValueInErrors},
		}},
		{"merger", append(consolidations(), merges()...)},
		{"evidence", questions()},
	}
}

// consolidations are what is promised however somebody consolidates.
func consolidations() []test {
	return []test{
		{"the first reading and the next", firstAndNext},
		{"two versions of a key in the first reading", twoInFirst},
		{"a repeat returns the counts of the first time", repeated},
		{"an older version never wins", olderVersion},
		{"a rebuild overrides", override},
		{"an undeleted record comes back", undelete},
		{"what is kept out is known, and marked", keptOut},
		{"a merged record says so", mergedRecord},
		{"remove leaves a tombstone against late pages", tombstones},
		{"ignore leaves the row as it was", ignored},
		{"deletes by Id", deletesByID},
		{"a complete reading marks what it lacks", absent},
		{"a complete reading removes what it lacks", absentRemoved},
		{"a mass delete stops", massDelete},
		{"columns that were not read keep their values", columnSets},
		{"differing columns in the first reading", columnSetsFirst},
		{"of one stamp, what was read later wins", readLater},
		{"rows that a user staged", stagedByUser},
		{"an object without a stamp", withoutStamp},
		{"a key of two columns", twoKeys},
		{"an empty reading", emptyReading},
		{"the watermark goes forward only", watermark},
		{"a merge of nothing moves the mark alone", quietMark},
		{"merges of nothing move their marks together", movesTogether},
		{"what keeps records out is merged alone", movesWithoutRejects},
		{"a patch changes what differs", patched},
		{"a patch of an older version is dropped", patchedLate},
		{"patches and whole records of one attempt", patchedTogether},
		{"a reading of Ids marks what it lacks", seen},
		{"a reading of Ids spares what was read since", seenEarlier},
		{"reasons of their own", reasons},
		{"every reason under every policy", everyReason},
		{"what is gone says so in IsDeleted", isDeletedIsTrue},
		{"what comes back says so in IsDeleted", isDeletedComesBack},
		{"a mass delete of every reason", everyMassDelete},
		{"a repair overrides the rows that it names", repaired},
	}
}

// merges are the Merger's other promises.
func merges() []test {
	return []test{
		{"nothing is merged before it is whole", notWhole},
		{"a mask added later", forgotten(gone.Flag, "1|masked|~|x", "2|~|~|x", "3|masked|~|x", "4|~|~|x")},
		{"a mask added later, ignoring deletes",
			forgotten(gone.Ignore, "1|masked|~|x", "2|~|~|x", "3|~|~|x", "4|~|~|x")},
		{"a mask added later, removing", forgotten(gone.Remove, "1|masked|~|x")},
		{"a repair mends each kind of difference", mends},
		{"a repair stops before a mass delete", mendStops},
		{"a repair of rows of one key", mendDuplicates},
		{"stamps that are ahead are taken back", unstamped},
		{"a late page doesn't undo a repair", mendThenLatePage},
		{"a late rebuild doesn't undo a repair", mendThenLateRebuild},
	}
}

// questions are what Evidence answers.
func questions() []test {
	return []test{
		{"what a reading says of the final table", asked},
		{"two readings that don't fit together", torn},
		{"rejected records are told apart", rejectedApart},
		{"a patch that is kept out, until one brings its field", patchKeptOut},
		{"a torn record that is rejected once it is read whole", rejectedAgain},
		{"comparison", comparison},
		{"comparison of what is pending", comparePending},
		{"comparison of rows that a hand has stamped", compareHands},
		{"comparison of rows that a hand has stamped, without stamps", compareSnapshotHands},
		{"comparison without stamps", compareSnapshot},
		{"comparison of values", compareValues},
		{"comparison of IsDeleted", compareIsDeleted},
		{"comparison of what a field left behind", compareLeft},
		{"comparison of values in a column of texts", compareTexts},
		{"comparison asks again", compareAgain},
		{"comparison of some records only", comparePart},
		{"comparison of a reading that isn't whole", compareUnsound},
		{"a reading that has a record twice in a page", compareDoubles},
		{"comparison of a key of two columns", compareTwoKeys},
		{"a reading that a crash left behind", readingLeft},
		{"a set recomputed by hand", sets},
	}
}

// optionals are the promises of the roles that a warehouse may have.
func optionals() []group {
	return []group{
		{string(Detacher), []test{
			{"what was begun is consolidated once", begun},
		}},
		{string(Procedures), []test{
			{"to make them may be repeated", installed},
		}},
		{string(Lands), []test{
			{"rows that landed are claimed by their number", landedRows},
			{"rows that landed are not an old holder's", landedFence},
			{"the table where rows land follows the types of fields", landedRetyped},
		}},
		{string(Eraser), []test{
			{"nothing is left of what was erased", erased},
			{"what tells of an erased record goes with it", erasedByLookup},
			{"a rejected record is erased too", erasedRejected},
		}},
		{string(Adopter), []test{
			{"duplicates become one row each", adopting(adoptDuplicates)},
			{"a crash leaves everything as it was", adopting(adoptCrash)},
			{"rows without an Id are refused", adopting(adoptRefused)},
			{"moments are read as somebody wrote them", adoptMoments},
			{"values that can't be read are told", adoptUnread},
			{"a table without a stamp is refused", adoptUnstamped},
			{"LastModifiedDate tells the newest row", adoptModified},
		}},
	}
}
