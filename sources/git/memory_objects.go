package git

import (
	"context"
	"fmt"
	"strings"
	"sync"
)

// memoryObjects is the objectStore of a repository in memory.
type memoryObjects struct {
	mu      sync.RWMutex
	objects map[Hash]object
}

func newMemoryObjects() *memoryObjects { return &memoryObjects{objects: map[Hash]object{}} }

func (s *memoryObjects) get(h Hash) (object, error) {
	s.mu.RLock()
	o, ok := s.objects[h]
	s.mu.RUnlock()
	if !ok {
		return object{}, fmt.Errorf("object %s: %w", h, ErrNotFound)
	}
	return o, nil
}

func (s *memoryObjects) size(h Hash) (int64, error) {
	o, err := s.get(h)
	return int64(len(o.data)), err
}

func (s *memoryObjects) has(h Hash) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.objects[h]
	return ok, nil
}

func (s *memoryObjects) withPrefix(prefix string) (found []Hash, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for h := range s.objects {
		if strings.HasPrefix(h.String(), prefix) {
			found = append(found, h)
		}
	}
	return found, nil
}

func (s *memoryObjects) add(_ context.Context, hashes []Hash, from func(Hash) (object, error)) error {
	objects := make([]object, len(hashes))
	for i, h := range hashes {
		o, err := from(h)
		if err != nil {
			return err
		}
		objects[i] = o
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, h := range hashes {
		s.objects[h] = objects[i]
	}
	return nil
}

// edge implements objectStore: nothing in memory is cut off.
func (s *memoryObjects) edge() ([]Hash, error) { return nil, nil }

func (s *memoryObjects) close() error { return nil }
