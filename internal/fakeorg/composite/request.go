package composite

import (
	"encoding/json"
	"regexp"
	"strconv"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// An inner request is a part of a composite one.
type innerRequest struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Reference string            `json:"referenceId"`
	Header    map[string]string `json:"httpHeaders"`
	Body      json.RawMessage   `json:"body"`
	RichInput json.RawMessage   `json:"richInput"`
}

var resourceForm = regexp.MustCompile(`^/*(?:services/data/+)?v\d+\.0/+([^?]*)`)

// resource is what a request asks for, without version and query: sobjects/X.
func (in innerRequest) resource() string {
	m := resourceForm.FindStringSubmatch(in.URL)
	if m == nil {
		return ""
	}
	return web.CleanPath(m[1])[1:]
}

var referenceForm = regexp.MustCompile(`@\{([A-Za-z0-9_]+)((?:\.\w+|\[\d+\])*)\}`)

// resolve puts what earlier answers hold in the place of @{reference.field}.
func (in *innerRequest) resolve(known map[string]any) (refused *reply.Refusal) {
	fill := func(text string) string {
		return referenceForm.ReplaceAllStringFunc(text, func(match string) string {
			parts := referenceForm.FindStringSubmatch(match)
			value, ok := follow(known[parts[1]], parts[2])
			if !ok {
				refused = reply.Bad("PROCESSING_HALTED", "Invalid reference specified. No value for %s found", match)
			}
			return value
		})
	}
	in.URL, in.Body = fill(in.URL), json.RawMessage(fill(string(in.Body)))
	return refused
}

var stepForm = regexp.MustCompile(`\.(\w+)|\[(\d+)\]`)

// follow reads a path such as .records[0].Id in a decoded answer.
func follow(value any, path string) (string, bool) {
	for _, step := range stepForm.FindAllStringSubmatch(path, -1) {
		switch at := value.(type) {
		case map[string]any:
			value = at[step[1]]
		case []any:
			n, err := strconv.Atoi(step[2])
			if err != nil || n >= len(at) {
				return "", false
			}
			value = at[n]
		default:
			return "", false
		}
	}
	text, ok := value.(string)
	return text, ok
}
