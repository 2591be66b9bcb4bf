// Package yamlmerge merges YAML files by structure where a merge by lines conflicts.
//
// In come three versions of a file, as for a merge by lines. Out comes a text in which every key, every list item that can be
// told from its neighbours, and every document is taken from the side that changed it. Two changes to the same value
// conflict, and so does a change to something that the other side removed.
//
// The result is put together from lines of the versions, never printed anew, so that comments, order and indentation
// stay as people wrote them. It is parsed before it is handed out, and must hold exactly the values that the merge decided on;
// otherwise there is no result.
//
// List items are told apart by the fields that Kubernetes merges lists by (name and so on), or by their whole value.
// Documents are told apart by apiVersion, kind, namespace and name.
package yamlmerge
