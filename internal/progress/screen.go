package progress

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"

	"catchment/internal/printable"
)

// redraw is how often a screen looks whether there is something else to show.
const redraw = 200 * time.Millisecond

// A Screen is a terminal whose last lines, the frame, are drawn again and again. What
// is written meanwhile goes above them, and stays. On what is no terminal it writes, and
// draws nothing. It has no colours, so that nobody has to turn them off.
type Screen struct {
	out  io.Writer
	size Size

	mu    sync.Mutex
	frame Frame    // nil while nothing is shown
	kept  string   // the last line of the frame, which outlives it
	drawn []string // what of the frame is on the screen

	done    chan struct{} // closed when the frame goes
	drawing sync.WaitGroup
}

// A Size is how many columns and rows a terminal has at the moment.
type Size func() (columns, rows int)

// A Frame yields the lines to show, no more than rows, none wider than columns.
type Frame func(columns, rows int) []string

// NewScreen makes a screen of a writer; size is nil where it is no terminal.
func NewScreen(out io.Writer, size Size) *Screen { return &Screen{out: out, size: size} }

// Drawn tells whether the screen shows frames.
func (s *Screen) Drawn() bool { return s.size != nil }

// Write writes whole lines above the frame.
func (s *Screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.frame == nil {
		return s.out.Write(text)
	}
	s.draw(string(text))
	return len(text), nil
}

// Keep writes a line that stays in sight for as long as there is a frame: below it, and
// once the frame goes, in its place.
func (s *Screen) Keep(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := printable.Line(fmt.Sprintf(format, args...))
	if s.frame == nil {
		_, _ = io.WriteString(s.out, line+"\n") // nobody waits for talk
		return
	}
	s.kept = line
	s.draw("")
}

// Show draws a frame until Clear takes it away. Only one is shown at a time.
func (s *Screen) Show(frame Frame) {
	if s.size == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frame, s.done = frame, make(chan struct{})
	s.draw("")
	s.drawing.Go(func() {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-s.done:
				return
			case <-tick.C:
				s.again()
			}
		}
	})
}

func (s *Screen) again() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draw("")
}

// Clear takes the frame away, and waits until nobody draws any more.
func (s *Screen) Clear() {
	s.mu.Lock()
	shown := s.frame != nil
	s.mu.Unlock()
	if !shown {
		return
	}
	close(s.done)
	s.drawing.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	columns, _ := s.room()
	text := s.erase(columns)
	if s.kept != "" {
		text += s.kept + "\n"
	}
	s.frame, s.kept, s.drawn = nil, "", nil
	_, _ = io.WriteString(s.out, text)
}

// draw writes text, and the frame below it, in one go so that nothing flickers. Where
// there is nothing new it writes nothing.
func (s *Screen) draw(text string) {
	columns, rows := s.room()
	room := rows - 1 // the cursor stands in the last one
	if s.kept != "" {
		room--
	}
	lines := s.frame(columns-1, max(room, 0))
	if s.kept != "" {
		lines = append(lines, runewidth.Truncate(s.kept, columns-1, ""))
	}
	if text == "" && slices.Equal(lines, s.drawn) {
		return
	}
	var b strings.Builder
	b.WriteString(s.erase(columns))
	b.WriteString(text)
	if text != "" && !strings.HasSuffix(text, "\n") {
		b.WriteString("\n")
	}
	for _, line := range lines {
		b.WriteString(line + "\n")
	}
	s.drawn = lines
	_, _ = io.WriteString(s.out, b.String())
}

// room is the size of the terminal, or what one has that doesn't say.
func (s *Screen) room() (columns, rows int) {
	columns, rows = s.size()
	if columns <= 1 || rows <= 1 {
		return 80, 24
	}
	return columns, rows
}

// erase takes the frame away, from its last line up, and leaves the cursor where it
// began. A terminal that became narrower has broken the lines that are wider than it is
// now. Each line goes by itself: what is cleared from the top of the screen on, tmux
// keeps for who scrolls back.
func (s *Screen) erase(columns int) string {
	rows := 0
	for _, line := range s.drawn {
		rows += max(1, (runewidth.StringWidth(line)+columns-1)/columns)
	}
	if rows == 0 {
		return ""
	}
	return "\r" + clearLine + strings.Repeat(lineUp+clearLine, rows)
}

// What a terminal does for us.
const (
	lineUp    = "\x1b[1A"
	clearLine = "\x1b[2K"
)
