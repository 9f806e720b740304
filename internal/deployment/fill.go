package deployment

import (
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/secret"
)

// A Filling is a secret that the template makes, and somebody has to fill.
type Filling struct {
	Secret  string   // its name
	Keys    []string // in it; none where the secret is one text
	Command string   // puts something in: followed by how the command takes it
}

// Fillings are those that a configuration reads, in order.
func Fillings(file *flow.File) []Filling {
	var all []Filling
	for _, ref := range references(file) {
		b, rest, _ := secret.BackendOf(ref)
		if b.Grant == nil || (reading{Name: rest}).there() {
			continue
		}
		name, key, _ := strings.Cut(rest, "#")
		at := slices.IndexFunc(all, func(f Filling) bool { return f.Secret == name })
		if at < 0 {
			at, all = len(all), append(all, Filling{Secret: name, Command: b.Grant.Fill})
		}
		if key != "" && !slices.Contains(all[at].Keys, key) {
			all[at].Keys = append(all[at].Keys, key)
		}
	}
	for _, f := range all {
		slices.Sort(f.Keys)
	}
	slices.SortFunc(all, func(a, b Filling) int { return strings.Compare(a.Secret, b.Secret) })
	return all
}
