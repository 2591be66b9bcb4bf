package sync

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/util/jsonpath"

	"github.com/assay-dev/assay/sources/git"
)

// answerLimit bounds what a probe may answer, in bytes.
const answerLimit = 1 << 20

// live asks the Site's probe, and finds the commit that its answer names.
func (s *Sites) live(ctx context.Context, f *followed, mirror *git.Mirror) (git.Hash, error) {
	ctx, cancel := context.WithTimeout(ctx, f.site.Spec.Live.Timeout.Duration)
	defer cancel()
	answer, err := s.ask(ctx, f)
	if err != nil {
		return git.Hash{}, err
	}
	revision := bareRevision(answer)
	if revision == "" {
		return git.Hash{}, fmt.Errorf("the probe answered nothing")
	}
	if commit, err := mirror.Repository().Resolve(ctx, revision); err == nil {
		return commit, nil
	}
	if f.branch != "" {
		if _, err := s.mirrors.Head(ctx, f.site.Spec.Repository.URL, f.branch, time.Time{}); err != nil {
			return git.Hash{}, err
		}
	}
	commit, err := git.ParseHash(revision)
	if err != nil {
		if commit, err = mirror.Repository().Resolve(ctx, revision); err != nil {
			return git.Hash{}, fmt.Errorf("the probe answered %s, which is no commit of %s", shown(revision), mirror)
		}
		return commit, nil
	}
	if err := mirror.Fetch(ctx, commit); err != nil {
		return git.Hash{}, fmt.Errorf("the probe answered %s: %w", revision, err)
	}
	return commit, nil
}

// bareRevision takes the commit out of a Flux revision (main@sha1:..., refs/heads/main@sha1:..., sha1:..., split at the last @); anything
// else stays as it is.
func bareRevision(answer string) string {
	answer = strings.TrimSpace(answer)
	if at := strings.LastIndex(answer, "@sha1:"); at >= 0 {
		return answer[at+len("@sha1:"):]
	}
	return strings.TrimPrefix(answer, "sha1:")
}

// revisionLike is what people may see of an answer. A probe is written by whoever may push tests, and must not bring to light what else
// lies in files that Assay can read.
var revisionLike = regexp.MustCompile(`^[\w./:@+-]{1,80}$`)

func shown(answer string) string {
	if revisionLike.MatchString(answer) {
		return strconv.Quote(answer)
	}
	return fmt.Sprintf("%d bytes that look like no revision", len(answer))
}

func (s *Sites) ask(ctx context.Context, f *followed) (string, error) {
	switch probe := f.site.Spec.Live; {
	case probe.HTTP != nil:
		return askHTTP(ctx, probe.HTTP.URL, probe.HTTP.JSONPath)
	case probe.File != "":
		return askFile(probe.File)
	default:
		out, err := s.command(ctx, Command{
			Site: f.site, Tree: f.files(), Folder: path.Dir(f.site.Origin.File), Args: probe.Command,
			Variables: map[string]string{"ASSAY_SITE": f.site.Name()}, Timeout: probe.Timeout.Duration,
		})
		return string(out), err
	}
}

func askFile(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, answerLimit))
	return string(data), err
}

func askHTTP(ctx context.Context, url, path string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answered %s", url, response.Status)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, answerLimit))
	if err != nil {
		return "", fmt.Errorf("read the answer of %s: %w", url, err)
	}
	if path == "" {
		return string(body), nil
	}
	var document any
	if err := json.Unmarshal(body, &document); err != nil {
		return "", fmt.Errorf("%s answered no JSON: %w", url, err)
	}
	query := jsonpath.New("live")
	if err := query.Parse(path); err != nil {
		return "", fmt.Errorf("jsonPath %s: %w", path, err)
	}
	var out bytes.Buffer
	if err := query.Execute(&out, document); err != nil {
		return "", fmt.Errorf("jsonPath %s in the answer of %s: %w", path, url, err)
	}
	return out.String(), nil
}
