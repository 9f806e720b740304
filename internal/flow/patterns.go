package flow

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"catchment/internal/schema"
	"catchment/internal/secret"
)

// The patterns of texts, in what regular expressions of Go and of JavaScript have in common:
// the checks of this package go by them, and the schema that editors read has them.
const (
	namePattern    = `[A-Za-z][A-Za-z0-9_]*`
	objectPattern  = `[A-Za-z*?][A-Za-z0-9_*?]*`
	longestName    = schema.LongestName
	schemaPattern  = `[A-Za-z_][A-Za-z0-9_]{0,62}`
	aliasPattern   = `[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}`
	percentPattern = `[0-9]{1,2}%`
	daysPattern    = `([1-9][0-9]?|[12][0-9][0-9]|3[0-5][0-9]|36[0-6])d`
	sizePattern    = `0*[1-9][0-9]*([kKMGT]?B|[KMGT]iB)`
	countPattern   = `[1-9][0-9]?|100`
	callsPattern   = `[1-9][0-9]{0,7}`
	versionPattern = `v?([0-9]{2,3})(\.0)?`
	zonePattern    = `[A-Za-z][A-Za-z0-9_+/-]*`
	hostPattern    = `([^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?`
	driverPattern  = `^[a-z][a-z0-9+.-]*:.`
	guardedUser    = `^[a-z][a-z0-9+.-]*://[^/?#@]*:[^/?#]*@`
	mostAtOnce     = 100
	mostCalls      = 99_999_999
)

// orgAddress is the address of an org. Only this machine does without TLS.
func orgAddress() shape {
	const here = `localhost|127(\.[0-9]{1,3}){3}|\[[0:]*:0*1\]`
	return like(`https://` + hostPattern + `/*|http://(` + here + `)(:[0-9]*)?/*`)
}

// apiVersion is a version of the API, which YAML may take for a number.
func apiVersion() shape {
	return shape{"type": []string{"string", "number"}, "pattern": whole(versionPattern),
		"minimum": 10, "maximum": 999, "multipleOf": 1}
}

// driverURL is the url of a driver.
func driverURL(dst *string, known Warehouses) form {
	is := shape{"type": "string", "pattern": driverPattern, "not": shape{"type": "string", "pattern": guardedUser}}
	return located(checked(dst, is, known.wrongURL))
}

// wrongURL checks the url of a driver; which drivers there are, only cmd knows.
// It repeats nothing of the url, which may hold a password.
func (w Warehouses) wrongURL(s string) string {
	if !driverRE.MatchString(s) {
		return fmt.Sprintf("is not a url: a driver, a colon and a place, as in %s, dir:stage or sqlite:control.db",
			w.Local)
	}
	u, err := url.Parse(s)
	if err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return "holds a password, and a config file must not: leave it out"
		}
	}
	return ""
}

// ofSchemes is the url of one of some drivers, or one whose driver a variable names.
func ofSchemes(schemes []string) shape {
	quoted := make([]string, len(schemes))
	for i, s := range schemes {
		quoted[i] = literal(s)
	}
	return shape{"pattern": "^(" + strings.Join(quoted, "|") + `):|^[^:]*` + variablePattern}
}

// filterShape is what a where may be, as far as a pattern tells.
func filterShape() shape {
	is := someText()
	is["not"] = shape{"type": "string", "pattern": `^\s*` + caseless("where") + `(\s|$)`}
	return is
}

// objectNames is a list of objects and of patterns, each once.
func objectNames(dst *[]string) form { return names(dst, objectShape(), wrongObject) }

// apiNames is a list of API names, each once.
func apiNames(dst *[]string, what string) form {
	return names(dst, apiName(), func(s string) string {
		if !schema.IsName(s) {
			return fmt.Sprintf("%q is not the API name of %s", s, what)
		}
		return ""
	})
}

// secretRef is a reference to a secret that is kept in one of some backends.
func secretRef(dst *string, in func(secret.Backend) bool, further ...func(string) string) form {
	var patterns []string
	for _, b := range secret.Backends() {
		if in(b) {
			patterns = append(patterns, literal(b.Scheme)+":(?:"+b.Pattern+")")
		}
	}
	return fileRef(checked(dst, like(strings.Join(patterns, "|")), func(s string) string {
		wrong := wrongSecret(s)
		for _, check := range further {
			if wrong == "" {
				wrong = check(s)
			}
		}
		return wrong
	}))
}

func anyBackend(secret.Backend) bool { return true }

// rewritable are the backends whose secrets their issuer can replace.
func rewritable(b secret.Backend) bool { return !b.Fixed }

// isFile tells whether a reference is to a file, whose path may name variables.
func isFile(ref string) bool {
	return slices.ContainsFunc(secret.Backends(), func(b secret.Backend) bool {
		return b.File && strings.HasPrefix(ref, b.Scheme+":")
	})
}

// anyCase is one of some names, in whatever case.
func anyCase(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 {
			b.WriteByte('|')
		}
		for _, r := range name {
			fmt.Fprintf(&b, "[%c%c]", unicode.ToUpper(r), unicode.ToLower(r))
		}
	}
	return "(?:" + b.String() + ")"
}
