package bitbucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/assay-dev/assay/rollback/gitprovider"
)

// longest is how many characters, as UTF-16 counts them, a description or a comment may have:
// https://jira.atlassian.com/browse/BSERV-14135.
const longest = 32768

// A text that is too long for a description goes on in a comment, between marks. The end of the description says in which one.
const (
	goesOn     = "\n\n**It goes on in a comment.**\n\n<!-- assay:rest comment=%d -->"
	goesOnRoom = 120
	restBegins = "<!-- assay:rest -->\n"
	restEnds   = "\n<!-- /assay:rest -->"
)

var goesOnPattern = regexp.MustCompile(`\n\n\*\*It goes on in a comment\.\*\*\n\n<!-- assay:rest comment=(\d+) -->\s*$`)

// dcComment is a comment on a pull request.
type dcComment struct {
	ID      int64  `json:"id,omitempty"`
	Version int    `json:"version"`
	Text    string `json:"text"`
}

// split divides a text after a line, so that the first part has at most so many characters.
func split(text string, most int) (first, rest string) {
	units := 0
	for i, r := range text {
		if units += utf16.RuneLen(r); units > most {
			if line := strings.LastIndexByte(text[:i], '\n') + 1; line > 0 {
				i = line
			}
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// restOf takes a description apart: what it says itself, and the comment where it goes on, or zero.
func restOf(description string) (first string, comment int64) {
	at := goesOnPattern.FindStringSubmatchIndex(description)
	if at == nil {
		return description, 0
	}
	comment, _ = strconv.ParseInt(description[at[2]:at[3]], 10, 64)
	return description[:at[0]], comment
}

func commentPath(number, comment int64) string {
	return dcPath(number) + "/comments/" + strconv.FormatInt(comment, 10)
}

// text is the whole text of a pull request. Where the comment with the rest is deleted there is none: half a text could speak for
// some only of those who wrote it.
func (d *dataCenter) text(ctx context.Context, p *dcPull) (string, error) {
	first, comment := restOf(p.Description)
	if comment == 0 {
		return first, nil
	}
	c, err := d.comment(ctx, p.ID, comment)
	if errors.Is(err, gitprovider.ErrNotFound) {
		return "", nil
	}
	return first + strings.TrimSuffix(strings.TrimPrefix(c.Text, restBegins), restEnds), err
}

func (d *dataCenter) comment(ctx context.Context, number, comment int64) (dcComment, error) {
	return ask[dcComment](ctx, &d.rest, fmt.Sprintf("read the text of pull request %d", number), http.MethodGet, commentPath(number, comment), nil)
}

// UpdateBody implements gitprovider.Provider.
func (d *dataCenter) UpdateBody(ctx context.Context, number int64, body string) error {
	p, err := d.raw(ctx, number)
	if err != nil {
		return err
	}
	_, comment := restOf(p.Description)
	description, rest := split(body, longest)
	if rest != "" {
		description, rest = split(body, longest-goesOnRoom)
		if comment, err = d.keep(ctx, number, comment, rest); err != nil {
			return err
		}
		description += fmt.Sprintf(goesOn, comment)
	}
	if err := d.edit(ctx, number, func(p *dcPull) { p.Description = description }); err != nil || rest != "" || comment == 0 {
		return err
	}
	c, err := d.comment(ctx, number, comment)
	if errors.Is(err, gitprovider.ErrNotFound) {
		return nil // a person was faster
	}
	if err == nil {
		_, err = ask[struct{}](ctx, &d.rest, fmt.Sprintf("delete the longer text of pull request %d", number), http.MethodDelete,
			commentPath(number, comment)+"?version="+strconv.Itoa(c.Version), nil)
	}
	return err
}

// keep writes the rest of a text into the comment where it is kept, or into a new one, which it returns.
func (d *dataCenter) keep(ctx context.Context, number, comment int64, rest string) (int64, error) {
	what, text := fmt.Sprintf("write the text of pull request %d", number), restBegins+rest+restEnds
	if comment != 0 {
		there, err := d.comment(ctx, number, comment)
		if err == nil {
			_, err = ask[struct{}](ctx, &d.rest, what, http.MethodPut, commentPath(number, comment), dcComment{Version: there.Version, Text: text})
		}
		if !errors.Is(err, gitprovider.ErrNotFound) {
			return comment, err
		}
	}
	made, err := ask[dcComment](ctx, &d.rest, what, http.MethodPost, dcPath(number)+"/comments", map[string]string{"text": text})
	return made.ID, err
}
