package web

import (
	"net/http"
	"regexp"
	"strconv"
	"sync/atomic"

	"catchment/internal/fakeorg/reply"
)

// The API versions of Winter '27; those before v31 are retired, and those before v41 will
// be in Summer '28 (help 005321531).
const (
	oldestVersion = 31
	newestVersion = 68
)

// Versions are the versions of the API that an org has. Salesforce upgrades its
// instances one after another: for some weeks an org doesn't have the newest yet.
type Versions struct{ oldest, newest atomic.Int64 }

// NewVersions makes Versions up to the one that is told, or up to the newest there is
// where that is 0.
func NewVersions(newest int) (*Versions, error) {
	v := &Versions{}
	if newest == 0 {
		newest = newestVersion
	}
	return v, v.limit(oldestVersion, newest)
}

// limit says which versions the org has.
func (v *Versions) limit(oldest, newest int) error {
	if oldest < oldestVersion || oldest > newest || newest > newestVersion {
		return reply.Bad("INVALID_ARGUMENT_TYPE",
			"oldest and newest must be versions of the API, from %d to %d, in this order", oldestVersion, newestVersion)
	}
	v.oldest.Store(int64(oldest))
	v.newest.Store(int64(newest))
	return nil
}

var versionForm = regexp.MustCompile(`^v(\d{1,3})\.0$`)

// Check refuses a version that the org doesn't have, or has no longer.
func (v *Versions) Check(version string) error {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return reply.NotFound()
	}
	n, _ := strconv.Atoi(m[1]) // three digits at most
	if int64(n) < v.oldest.Load() {
		return reply.Refuse(http.StatusGone, "GONE", "The requested API version has been retired.")
	}
	if int64(n) > v.newest.Load() {
		return reply.NotFound()
	}
	return nil
}

// Routes are the ways to the list of versions, and to another end of it.
func (v *Versions) Routes() map[string]Resource {
	return map[string]Resource{
		"/services/data": {Kind: "versions", Open: true, Methods: Get(v.list)},
		"/_org/versions": {Kind: Admin, Open: true, Methods: Post(v.change)},
	}
}

func (v *Versions) change(w http.ResponseWriter, c *Call) error {
	asked := struct{ Oldest, Newest int }{int(v.oldest.Load()), int(v.newest.Load())}
	if err := c.Decode(&asked); err != nil {
		return err
	}
	if err := v.limit(asked.Oldest, asked.Newest); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// list lists the versions of the API.
func (v *Versions) list(w http.ResponseWriter, _ *Call) error {
	type version struct {
		Label   string `json:"label"`
		URL     string `json:"url"`
		Version string `json:"version"`
	}
	seasons := [...]string{"Winter", "Spring", "Summer"}
	var all []version
	for n := int(v.oldest.Load()); n <= int(v.newest.Load()); n++ {
		year := 14 + (n-oldestVersion+1)/3 // v31.0 was Summer '14
		number := strconv.Itoa(n) + ".0"
		label := seasons[(n-oldestVersion+2)%3] + " '" + strconv.Itoa(year)
		if (n-oldestVersion)%3 == 1 {
			label = seasons[0] + " '" + strconv.Itoa(year+1)
		}
		all = append(all, version{label, "/services/data/v" + number, number})
	}
	reply.JSON(w, http.StatusOK, all)
	return nil
}
