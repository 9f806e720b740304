package function

import "strings"

// Labels gives the label of a picklist's value, or of each of several.
func Labels(all map[string]string, v string) string {
	if len(all) == 0 {
		return v
	}
	values := strings.Split(v, ";")
	for i, one := range values {
		if label, ok := all[one]; ok {
			values[i] = label
		}
	}
	return strings.Join(values, ";")
}

// Thousands sets a comma before each three digits of the whole part.
func Thousands(v string) string {
	from := len(v) - len(strings.TrimLeft(v, "+-"))
	end := from
	for end < len(v) && '0' <= v[end] && v[end] <= '9' {
		end++
	}
	out := v[end:]
	for end-from > 3 {
		out = "," + v[end-3:end] + out
		end -= 3
	}
	return v[:end] + out
}
