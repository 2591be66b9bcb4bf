package simulate

import (
	"container/heap"
	"time"
)

// schedule is what is going to happen, and the time that it is. Whatever happens at the same moment does so in the
// order in which it was planned.
type schedule struct {
	now   time.Time
	ahead agenda
	count int
}

// event is one thing that is going to happen.
type event struct {
	at    time.Time
	order int
	do    func()
	index int // in the agenda; -1 once it is over or called off
}

// at plans something for a moment; one that is past is now.
func (s *schedule) at(at time.Time, do func()) *event {
	if at.Before(s.now) {
		at = s.now
	}
	s.count++
	e := &event{at: at, order: s.count, do: do}
	heap.Push(&s.ahead, e)
	return e
}

func (s *schedule) after(d time.Duration, do func()) *event { return s.at(s.now.Add(d), do) }

// callOff takes an event out of the agenda; one that is over stays over.
func (s *schedule) callOff(e *event) {
	if e != nil && e.index >= 0 {
		heap.Remove(&s.ahead, e.index)
	}
}

// step lets the next thing happen. It is false when nothing is planned.
func (s *schedule) step() bool {
	if len(s.ahead) == 0 {
		return false
	}
	e := heap.Pop(&s.ahead).(*event)
	s.now = e.at
	e.do()
	return true
}

// agenda is a heap of events.
type agenda []*event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	if a[i].at.Equal(a[j].at) {
		return a[i].order < a[j].order
	}
	return a[i].at.Before(a[j].at)
}
func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].index, a[j].index = i, j
}
func (a *agenda) Push(e any) {
	e.(*event).index = len(*a)
	*a = append(*a, e.(*event))
}
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	last.index = -1
	return last
}
