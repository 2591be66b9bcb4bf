package track

import "github.com/assay-dev/assay/sources/sync/watch"

// Note is told by a watch.Kind, whose objects are Targets, what changed of them.
func (t *Tracker[T]) Note(kind string) func(watch.Key) {
	return t.Notify(func(key watch.Key) { t.note(Item{kind, key}) })
}

// Notify makes what a watch.Kind tells of changes, of something that Targets hang on, from what looks at those of them that hang on one
// object. Where any object may have changed, every Target is looked at; before Open none is.
func (t *Tracker[T]) Notify(look func(watch.Key)) func(watch.Key) {
	return func(key watch.Key) {
		switch {
		case !t.open.Load():
		case key.Name == "":
			t.lookAtAll()
		default:
			look(key)
		}
	}
}

// LookAt has a Target looked at.
func (t *Tracker[T]) LookAt(i Item) { t.queue.Add(i) }

// note has a Target looked at whose object came, changed or went. Until then one that came is told of as one of which nothing is known:
// nobody may take the others for all that there are.
func (t *Tracker[T]) note(i Item) {
	defer t.queue.Add(i)
	object, found := t.kinds[i.Kind].get(i.Key)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !found || t.targets[i] != nil {
		return
	}
	came := &tracked[T]{state: t.identified(i, object)}
	came.state.Reason = "it was not looked at yet"
	t.targets[i], t.sorted = came, nil
	t.moves.Note(came.state.Target)
}

// lookAtAll looks at everything, what is gone included.
func (t *Tracker[T]) lookAtAll() {
	t.moves.NoteAll()
	for _, kind := range t.kinds {
		for _, i := range kind.items() {
			t.note(i)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.targets {
		t.queue.Add(i)
	}
}

// lookAtRolling looks at what waits for its workloads.
func (t *Tracker[T]) lookAtRolling() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, one := range t.targets {
		if one.rolling {
			t.queue.Add(i)
		}
	}
}
