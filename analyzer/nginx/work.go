package nginx

// Work bounds what is done to follow requests: each location of a server may ask
// about all the others, and about expressions and files. Once it is used up,
// nothing is certain any more.
type Work struct{ left int }

// NewWork is so many steps, of which each takes about as long as to look at one location.
func NewWork(steps int) *Work { return &Work{steps} }

// Take reports whether n further steps may be done.
func (w *Work) Take(n int) bool {
	if n > w.left {
		w.left = 0
		return false
	}
	w.left -= n
	return true
}
