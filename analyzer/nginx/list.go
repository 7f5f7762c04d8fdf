package nginx

import "iter"

// A list keeps what is added where it is, and grows without copying it.
type list[T any] struct {
	parts [][]T
	n     int
}

// mostInPart is for how many elements a list asks for memory at once.
const mostInPart = 1024

// add adds an element for the caller to fill in.
func (l *list[T]) add() *T {
	last := len(l.parts) - 1
	if last < 0 || len(l.parts[last]) == cap(l.parts[last]) {
		l.parts = append(l.parts, make([]T, 0, min(l.n+8, mostInPart)))
		last++
	}
	at := len(l.parts[last])
	l.parts[last] = l.parts[last][:at+1]
	l.n++
	return &l.parts[last][at]
}

// all yields the elements in the order in which they were added.
func (l *list[T]) all() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, part := range l.parts {
			for i := range part {
				if !yield(&part[i]) {
					return
				}
			}
		}
	}
}
