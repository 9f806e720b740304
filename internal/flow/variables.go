package flow

import (
	"regexp"
	"slices"

	"github.com/goccy/go-yaml/ast"
)

// variablePattern is how a url or a path names a variable of the environment.
const variablePattern = `\$\{[A-Za-z_][A-Za-z0-9_]*\}`

var variableRE = regexp.MustCompile(`\$\{([^}]*)\}?`)

// located is a form of urls and paths, in which ${NAME} stands for a variable. What a
// variable holds is never part of a problem.
func located(f form) form {
	return form{shape: withVariables(f.shape), read: func(r *reader, at string, n ast.Node) {
		if filled, ok := r.filled(at, n); ok {
			f.read(r, at, filled)
		}
	}}
}

// fileRef is a form of references, of which those to files are paths.
func fileRef(f form) form {
	return form{shape: f.shape, read: func(r *reader, at string, n ast.Node) {
		if text, ok := n.(*ast.StringNode); ok && isFile(text.Value) {
			if n, ok = r.filled(at, n); !ok {
				return
			}
		}
		f.read(r, at, n)
	}}
}

// filled is a text with the values of the variables that it names.
func (r *reader) filled(at string, n ast.Node) (ast.Node, bool) {
	switch text := n.(type) {
	case *ast.StringNode:
		filled := *text
		var ok bool
		filled.Value, ok = r.variables(at, n, text.Value)
		return &filled, ok
	case *ast.LiteralNode:
		filled, ok := r.filled(at, text.Value)
		if !ok {
			return nil, false
		}
		block := *text
		block.Value = filled.(*ast.StringNode)
		return &block, true
	}
	return n, true
}

// variables puts values in the places of names.
func (r *reader) variables(at string, n ast.Node, text string) (string, bool) {
	ok := true
	wrong := func(format string, args ...any) string {
		ok = false
		r.problem(n, at, format, args...)
		return ""
	}
	filled := variableRE.ReplaceAllStringFunc(text, func(found string) string {
		name := variableRE.FindStringSubmatch(found)[1]
		if !variableNameRE.MatchString(found) {
			return wrong("has a ${ that begins no name of a variable, as in ${NAME}")
		}
		if r.known.Variable == nil {
			return wrong("names the variable %s, and variables are for catchment.yaml on this machine alone", name)
		}
		value := r.known.Variable(name)
		if value == "" {
			return wrong("names the variable %s, which is not set: export it, or write it into the file .env "+
				"beside this one", name)
		}
		if !slices.Contains(r.named, name) {
			r.named = append(r.named, name)
		}
		return value
	})
	return filled, ok
}

var variableNameRE = regexp.MustCompile(whole(variablePattern))
