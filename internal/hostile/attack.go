package hostile

import "catchment/internal/hostile/place"

// An Attack changes the answers of one place.
type Attack struct {
	On    place.Place
	About string // only where path, query or body of the request have this
	From  int    // the first answer that it changes; 0 and 1 are the first of all
	Times int    // how many; 0 is all
	Do    Trick

	seen int
}
