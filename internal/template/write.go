package template

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Flow is one flow of AppFlow, in the words of catchment.yaml.
type Flow struct {
	File     string
	Resource string // its name in the file
	Name     string // AppFlow's, "" where it is known only to AWS
	Line     int

	Object   string
	Fields   []string // empty for all
	Exclude  []string
	Where    []string // conditions that all have to hold
	Deletes  string   // "" for the default
	Mover    string
	Masks    []setting
	Cuts     []setting
	Renames  []setting
	Checks   []setting
	Invalid  string
	Paused   bool
	Schedule string // as cron; runs are not part of a flow yet

	projection []string
	mapped     bool // some task says which fields there are
	all        bool // and one of them says: all
	byEvents   bool
	newFields  bool // those that come later were to be copied too
}

// A setting is what is asked of one field, as YAML.
type setting struct {
	field, yaml string
	line        int
}

var (
	columnRE = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	numberRE = regexp.MustCompile(`^[+-]?[0-9]+([.][0-9]+)?$`)
	rateRE   = regexp.MustCompile(`^rate\(\s*([0-9]{1,6})\s*(minute|hour|day|week|month)s?\s*\)$`)
	cronRE   = regexp.MustCompile(`^cron\(\s*([^()]*)\s*\)$`)
)

// YAML writes the flows as the flows section of a catchment.yaml, nothing where
// there are none.
func (im Imported) YAML() []byte {
	var b bytes.Buffer
	if len(im.Flows) == 0 {
		return nil
	}
	b.WriteString("flows:\n")
	for _, f := range im.Flows {
		f.write(&b)
	}
	return b.Bytes()
}

func (f Flow) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "  - object: %s\n", word(f.Object))
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(b, "    %s: %s\n", key, value)
		}
	}
	names := func(key string, list []string) {
		if len(list) > 0 {
			texts := make([]string, len(list))
			for i, name := range list {
				texts[i] = word(name)
			}
			line(key, "["+strings.Join(texts, ", ")+"]")
		}
	}
	settings := func(key string, list []setting) {
		var texts []string
		for _, s := range merged(list) {
			texts = append(texts, word(s.field)+": "+s.yaml)
		}
		if len(texts) > 0 {
			line(key, "{"+strings.Join(texts, ", ")+"}")
		}
	}
	names("fields", f.Fields)
	names("exclude", f.Exclude)
	if len(f.Where) > 0 {
		line("where", strconv.Quote(strings.Join(f.Where, " AND ")))
	}
	line("deletes", f.Deletes)
	line("mover", f.Mover)
	if f.Paused {
		line("paused", "true")
	}
	settings("mask", f.Masks)
	settings("truncate", f.Cuts)
	settings("rename", f.Renames)
	settings("validate", f.Checks)
	line("invalid", f.Invalid)
}

// word writes a name so that YAML takes it for a text.
func word(name string) string {
	switch strings.ToLower(name) {
	case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		return strconv.Quote(name)
	}
	return name
}

// merged makes one setting of those of a field: a field may have several
// checks, and of all else the last counts.
func merged(list []setting) []setting {
	var out []setting
	rules := map[string][]string{}
	for _, s := range list {
		key := strings.ToLower(s.field)
		if rules[key] == nil {
			out = append(out, s)
		}
		if !slices.Contains(rules[key], s.yaml) {
			rules[key] = append(rules[key], s.yaml)
		}
	}
	for i, s := range out {
		if all := rules[strings.ToLower(s.field)]; len(all) > 1 {
			if strings.Contains(all[0], "not_") || strings.Contains(all[0], "pattern") {
				out[i].yaml = "[" + strings.Join(all, ", ") + "]"
			} else {
				out[i].yaml = all[len(all)-1]
			}
		}
	}
	return out
}

// cronOf makes a cron line of five fields out of a schedule of AWS, "" where
// there is none that means the same.
func cronOf(expression string) string {
	if m := rateRE.FindStringSubmatch(expression); m != nil {
		n, _ := strconv.Atoi(m[1]) // digits
		switch {
		case n < 1:
			return ""
		case m[2] == "minute" && n < 60 && 60%n == 0:
			return every(n) + " * * * *"
		case m[2] == "minute" && n%60 == 0 && n/60 < 24 && 24%(n/60) == 0:
			return "0 " + every(n/60) + " * * *"
		case m[2] == "hour" && n < 24 && 24%n == 0:
			return "0 " + every(n) + " * * *"
		case m[2] == "day" && n == 1, m[2] == "hour" && n == 24:
			return "0 0 * * *"
		case m[2] == "week" && n == 1:
			return "0 0 * * 0"
		case m[2] == "month" && n == 1:
			return "0 0 1 * *"
		}
		return ""
	}
	m := cronRE.FindStringSubmatch(expression)
	if m == nil {
		return ""
	}
	fields := strings.Fields(m[1]) // minute hour day month weekday year
	if len(fields) != 6 || fields[5] != "*" || strings.ContainsAny(m[1], "LW#") ||
		strings.ContainsAny(fields[4], "1234567") {
		return ""
	}
	for i := range fields {
		if fields[i] == "?" {
			fields[i] = "*"
		}
	}
	return strings.Join(fields[:5], " ")
}

func every(n int) string {
	if n == 1 {
		return "*"
	}
	return "*/" + strconv.Itoa(n)
}
