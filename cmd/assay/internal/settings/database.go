package settings

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// DatabaseVariable names the file with the URL of the database.
const DatabaseVariable = Prefix + "DATABASE"

// ReadDatabase reads the URL of a database from a file; it is empty where none is named. No error holds what is in the file.
func ReadDatabase(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	if strings.Contains(file, "://") {
		return "", errors.New(DatabaseVariable + " must name a file that holds the URL of the database: a password does not belong among variables")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", DatabaseVariable, err)
	}
	url := strings.TrimSpace(string(text))
	if !strings.HasPrefix(url, "postgres://") && !strings.HasPrefix(url, "postgresql://") {
		return "", fmt.Errorf("%s: %s must hold a URL such as postgres://user:password@host:5432/name", DatabaseVariable, file)
	}
	return url, nil
}
