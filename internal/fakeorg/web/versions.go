package web

import (
	"net/http"
	"regexp"
	"strconv"

	"catchment/internal/fakeorg/reply"
)

// The API versions of Summer '26; those before v31 are retired.
const (
	oldestVersion = 31
	newestVersion = 67
)

var versionForm = regexp.MustCompile(`^v(\d{1,3})\.0$`)

// CheckVersion refuses a version that the API doesn't have, or has no longer.
func CheckVersion(version string) error {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return reply.NotFound()
	}
	n, _ := strconv.Atoi(m[1]) // three digits at most
	if n < oldestVersion {
		return reply.Refuse(http.StatusGone, "GONE", "The requested API version has been retired.")
	}
	if n > newestVersion {
		return reply.NotFound()
	}
	return nil
}

// Versions lists the versions of the API.
func Versions(w http.ResponseWriter, _ *Call) error {
	type version struct {
		Label   string `json:"label"`
		URL     string `json:"url"`
		Version string `json:"version"`
	}
	seasons := [...]string{"Winter", "Spring", "Summer"}
	var all []version
	for n := oldestVersion; n <= newestVersion; n++ {
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
