package courier

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	// maxChunk is how many bytes of a Part one request brings.
	maxChunk = 1 << 20
	// maxCompletion is how large a Completion may be besides the output in it, in bytes: some thousand Parts with long names.
	maxCompletion = 8 << 20
	// readTime is how long one request may take to come in.
	readTime = 30 * time.Second
)

// received is how much of a Part is there.
type received struct {
	Size int64
}

// lacking is what a Completion names and was not received as it says.
type lacking struct {
	Lacking []string
}

func (d *Delivery) serveFiles(w http.ResponseWriter, r *http.Request) {
	http.ServeFile(w, r, d.server.archive(d.run))
}

// body reads a request's body, which is at most limit bytes. A body that breaks off is none.
func body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTime)) // where the server knows none, it has its own
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		http.Error(w, fmt.Sprintf("more than %d bytes", limit), http.StatusRequestEntityTooLarge)
	} else if err != nil {
		http.Error(w, "the body broke off", http.StatusServiceUnavailable)
	}
	return text, err == nil
}

func (d *Delivery) servePart(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("part")
	offset, err := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if err != nil || !d.known(name) {
		http.Error(w, "no such part or offset", http.StatusBadRequest)
		return
	}
	chunk, ok := body(w, r, maxChunk)
	if !ok {
		return
	}
	size, err := d.add(name, offset, chunk)
	switch {
	case errors.Is(err, errMisplaced):
		answer(w, http.StatusConflict, received{size})
	case errors.Is(err, errTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	default:
		answer(w, http.StatusOK, received{size})
	}
}

// known says whether a Part may have that name. There is one more Part than reports and artifacts: the report on stdout.
func (d *Delivery) known(name string) bool {
	n, err := strconv.Atoi(name)
	return name == OutputPart || err == nil && n >= 0 && n <= 2*d.limits.Files && strconv.Itoa(n) == name
}

var (
	errMisplaced = errors.New("the part has another length")
	errTooLarge  = errors.New("it is larger than the run may deliver")
)

// add appends a chunk to a Part that is offset bytes long, and returns how long it is now.
func (d *Delivery) add(name string, offset int64, chunk []byte) (size int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if name == OutputPart {
		return put(d.output, offset, chunk, d.limits.Log)
	}
	if d.total+int64(len(chunk)) > int64(d.limits.Disk) {
		return 0, errTooLarge
	}
	most := max(d.limits.Report, d.limits.Artifact)
	part, err := OpenSpool(d.part(name), most)
	if err != nil {
		return 0, err
	}
	before := part.Size()
	size, err = put(part, offset, chunk, most)
	d.total += part.Size() - before
	return size, errors.Join(err, part.Close())
}

func put(part *Spool, offset int64, chunk []byte, most int64) (int64, error) {
	size := part.Size()
	switch {
	case size != offset:
		return size, errMisplaced
	case size+int64(len(chunk)) > most:
		return size, errTooLarge
	}
	_, err := part.Write(chunk)
	return part.Size(), err
}

func (d *Delivery) serveComplete(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r, maxCompletion+2*int64(d.limits.MaxOutput))
	if !ok {
		return
	}
	var completion Completion
	if err := json.Unmarshal(text, &completion); err != nil {
		http.Error(w, fmt.Sprintf("no completion: %v", err), http.StatusBadRequest)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	select {
	case <-d.complete:
		http.Error(w, "the run is complete", http.StatusGone)
		return
	default:
	}
	if parts := d.lacking(completion); len(parts) > 0 {
		answer(w, http.StatusConflict, lacking{parts})
		return
	}
	if err := d.save(text); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	d.finish(completion)
	answer(w, http.StatusOK, struct{}{})
}

// save writes the Completion whole or not at all.
func (d *Delivery) save(text []byte) error {
	name := d.completionFile()
	if err := os.WriteFile(name+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}

// lacking names the Parts that are not there as the Completion says. One that is of another content is removed, to be sent again.
func (d *Delivery) lacking(completion Completion) (names []string) {
	for _, part := range completion.Parts {
		if !d.known(part.Name) {
			names = append(names, part.Name)
			continue
		}
		if part.Name == OutputPart { // may go on growing under its reader, and is no evidence: its length is enough
			if d.output.Size() != part.Size {
				names = append(names, part.Name)
			}
			continue
		}
		size, digest, err := digestOf(d.part(part.Name))
		if err == nil && size == part.Size && digest == part.SHA256 {
			continue
		}
		names = append(names, part.Name)
		if err == nil && size >= part.Size && os.Remove(d.part(part.Name)) == nil {
			d.total -= size
		}
	}
	return names
}

// digestOf returns the length and the digest of a file.
func digestOf(name string) (size int64, digest string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return 0, "", err
	}
	defer file.Close()
	hash := sha256.New()
	size, err = io.Copy(hash, file)
	return size, hex.EncodeToString(hash.Sum(nil)), err
}
