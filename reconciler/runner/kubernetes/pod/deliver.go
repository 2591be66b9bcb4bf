package pod

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/assay-dev/assay/reconciler/runner"
	"github.com/assay-dev/assay/reconciler/runner/kubernetes/courier"
)

// rounds is how often lacking Parts are sent again: once for each Assay that may take over meanwhile, and then some.
const rounds = 10

// parcel is a Part with where its bytes are.
type parcel struct {
	courier.Part
	source io.ReaderAt
	closer io.Closer
}

// deliver sends all that the Run left, and says the last word when Assay has it.
func deliver(ctx context.Context, client *courier.Client, result runner.Result, output *courier.Spool) (courier.Completion, error) {
	completion := courier.Completion{
		End: result.End, ExitCode: result.ExitCode, Reason: result.Reason, Started: result.Started, Finished: result.Finished,
		Output: result.Output, OutputBytes: result.OutputBytes, Notes: result.Notes,
	}
	parcels := []parcel{{courier.Part{Name: courier.OutputPart, Kind: courier.Output, Size: output.Size()}, output, io.NopCloser(nil)}}
	defer func() {
		for _, p := range parcels {
			_ = p.closer.Close()
		}
	}()
	for i, file := range slices.Concat(result.Reports, result.Artifacts) {
		kind := courier.Report
		if i >= len(result.Reports) {
			kind = courier.Artifact
		}
		p, err := pack(strconv.Itoa(i), kind, file)
		if err != nil {
			return completion, err
		}
		parcels = append(parcels, p)
	}
	for _, p := range parcels {
		completion.Parts = append(completion.Parts, p.Part)
	}
	return completion, send(ctx, client, completion, parcels)
}

func send(ctx context.Context, client *courier.Client, completion courier.Completion, parcels []parcel) error {
	wanted := parcels[1:] // the output was sent while it was printed
	for range rounds {
		for _, p := range wanted {
			if err := client.Send(ctx, p.Name, p.source, p.Size); err != nil {
				return err
			}
		}
		lacking, err := client.Complete(ctx, completion)
		if err != nil || len(lacking) == 0 {
			return err
		}
		wanted = slices.DeleteFunc(slices.Clone(parcels), func(p parcel) bool { return !slices.Contains(lacking, p.Name) })
	}
	return errors.New("what is sent to Assay does not reach it")
}

// pack opens a file that the Run left.
func pack(name string, kind courier.Kind, file runner.File) (parcel, error) {
	opened, err := file.Open()
	if err != nil {
		return parcel{}, fmt.Errorf("deliver %s: %w", file.Path, err)
	}
	hash := sha256.New()
	size, err := io.Copy(hash, opened)
	source, ok := opened.(io.ReaderAt)
	if err == nil && !ok {
		err = errors.New("it cannot be read twice")
	}
	if err != nil {
		return parcel{}, errors.Join(fmt.Errorf("deliver %s: %w", file.Path, err), opened.Close())
	}
	part := courier.Part{Name: name, Kind: kind, Path: file.Path, Format: file.Format, Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}
	return parcel{part, source, opened}, nil
}
