package deployment

import (
	"fmt"
	"strings"
)

// statement writes a grant as a statement of a policy, its reasons before it.
func statement(g grant) string {
	var b strings.Builder
	for _, r := range g.Rights {
		_, action, _ := strings.Cut(r.Action, ":")
		fmt.Fprintf(&b, "# %s: %s\n", action, r.Why)
	}
	var actions, resources []string
	for _, r := range g.Rights {
		actions = append(actions, r.Action)
	}
	for _, on := range g.On {
		resources = append(resources, resource(on))
	}
	text := fmt.Sprintf("{Sid: %s, Effect: Allow, Action: [%s], Resource: %s", g.Sid, strings.Join(actions, ", "),
		list(resources))
	if g.Only != "" {
		text += ", Condition: " + g.Only
	}
	text += "}"
	if g.If == "" {
		b.WriteString("- " + text)
	} else {
		fmt.Fprintf(&b, "- !If [%s, %s, !Ref AWS::NoValue]", g.If, text)
	}
	return b.String()
}

// resource writes an ARN, a parameter that has some, or everything.
func resource(on string) string {
	switch {
	case strings.HasPrefix(on, "!"):
		return on
	case strings.Contains(on, "${"):
		return fmt.Sprintf("!Sub %q", on)
	}
	return fmt.Sprintf("%q", on)
}

// list writes one thing as itself, several as a list.
func list(all []string) string {
	if len(all) == 1 {
		return all[0]
	}
	return "[" + strings.Join(all, ", ") + "]"
}
