package template

// A Form is a way to write flows down that isn't one of this package's own: who
// wants it brings it.
type Form interface {
	// Is tells whether a file is in it.
	Is(f File) bool
	// Read finds the flows of all such files. What it finds, and what it can't read, goes
	// into the report.
	Read(files []File, parameters map[string]string, to *Report)
}

// A Report takes what a form finds. It is told before what that belongs to.
type Report struct{ im *importer }

// In says which file is read, and which flow of it; "" for the file as a whole.
func (r *Report) In(file, flow string) { r.im.file, r.im.flow = file, flow }

// Flow carries a flow over.
func (r *Report) Flow(f Found) { r.im.take(f) }

// Note tells what isn't carried over.
func (r *Report) Note(line int, format string, args ...any) { r.im.note(line, format, args...) }

// Problem tells what keeps the flow, or the file, from being read.
func (r *Report) Problem(line int, format string, args ...any) {
	r.im.problem(line, r.im.flow, format, args...)
}

// Others tells in one line of what stands in a file besides flows, by its types.
func (r *Report) Others(line int, what string, kinds map[string]int) { r.im.others(line, what, kinds) }

// Knows says that a file has this parameter.
func (r *Report) Knows(parameter string) { r.im.used[parameter] = true }
