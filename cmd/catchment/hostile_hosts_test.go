package main

import (
	"fmt"
	"testing"

	"catchment/internal/hostile"
)

const evil = "https://evil.example"

// A redirect that leads to another host is not followed, with a body or without, nor
// one that leads out of TLS: whoever answers for the org could else have its
// secrets sent to anybody.
func TestHostileRedirects(t *testing.T) {
	t.Parallel()
	var all []assault
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{evil, "http://evil.example", "http://" + hostile.Home, "https://other.my.salesforce.com"} {
			for _, at := range []struct {
				place   hostile.Place
				command string
			}{
				{hostile.Token, "check --json"},
				{hostile.Objects, "check --json"},
				{hostile.Describe, "run --json"},
				{hostile.Query, "check --json"},
				{hostile.NewJob, "run --json"},
				{hostile.Job, "run --json"},
				{hostile.ResultPages, "run --json"},
				{hostile.Results, "run --json"},
			} {
				all = append(all, assault{
					name:    fmt.Sprintf("%d of %s to %s", status, at.place, to),
					attacks: []hostile.Attack{{On: at.place, Do: hostile.MovedTo(status, to)}},
					command: at.command, want: refused,
					// Some of each in a short test; which code it is matters to a body alone.
					longOnly: status != 307 && !(at.place == hostile.Token && to == evil),
				})
			}
		}
	}
	repel(t, all)
}
