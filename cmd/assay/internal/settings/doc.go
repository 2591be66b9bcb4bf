// Package settings reads what the operator says: the ASSAY_ environment variables, and folders with credentials and keys. In go variables
// and files; out come values that were checked, or errors that name the variable and say what is allowed. Help is written from the same
// struct tags that the variables are read by. It never prints, logs or wraps the content of a secret.
package settings
