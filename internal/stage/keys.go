package stage

import (
	"path"
	"strings"
)

// Folder is where the blobs of one owner of a flow lie: of an attempt, or of a
// comparison.
func Folder(flow, owner string) string { return path.Join(flow, owner) }

// Key names a page in the blob store. It contains the job: a new job of the same
// attempt reads something else.
func Key(flow, owner, job, name string, gzip bool) string {
	key := path.Join(Folder(flow, owner), job, name+".csv")
	if gzip {
		key += ".gz"
	}
	return key
}

// OwnerOf reads the owner out of a blob's key.
func OwnerOf(key string) string {
	_, rest, _ := strings.Cut(key, "/")
	owner, _, _ := strings.Cut(rest, "/")
	return owner
}

// rejectedKey names the rejected records of a page.
func rejectedKey(pageKey string) string {
	return strings.TrimSuffix(strings.TrimSuffix(pageKey, ".gz"), ".csv") + ".rejected.csv"
}
