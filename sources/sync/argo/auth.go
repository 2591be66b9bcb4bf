package argo

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/assay-dev/assay/sources/git"
)

// ErrNoAuth says that Argo CD has no credentials for a repository.
var ErrNoAuth = errors.New("there are no credentials of Argo CD for it that Assay may read")

const secretType = "argocd.argoproj.io/secret-type"

var (
	secretResource    = schema.GroupVersionResource{Version: "v1", Resource: "secrets"}
	configMapResource = schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
)

// Auth is what Argo CD reads a repository with, named as git.Normalize spells it: the Secret of the repository, else, of the templates for
// many (repo-creds), the one with the longest address that begins the repository's. Where there is none the error is ErrNoAuth.
func (s *Source) Auth(ctx context.Context, repository string) (git.Auth, error) {
	if s.options.Namespace == "" {
		return git.Auth{}, ErrNoAuth
	}
	found, err := s.objects.Resource(secretResource).Namespace(s.options.Namespace).List(ctx, metav1.ListOptions{
		LabelSelector: secretType + " in (repository,repo-creds)",
	})
	if err != nil {
		return git.Auth{}, fmt.Errorf("list the credentials of Argo CD in namespace %s: %w", s.options.Namespace, err)
	}
	own, template := map[string]string(nil), map[string]string(nil)
	for i := range found.Items {
		secret, kind := decoded(&found.Items[i]), found.Items[i].GetLabels()[secretType]
		address := git.Normalize(secret["url"])
		switch {
		case kind == "repository" && address == repository:
			own = secret
		case kind == "repo-creds" && address != "" && strings.HasPrefix(repository, address) && len(address) > len(git.Normalize(template["url"])):
			template = secret
		}
	}
	if own == nil && template == nil {
		return git.Auth{}, ErrNoAuth
	}
	if !secretive(own) && template != nil {
		own = template
	}
	return s.authOf(ctx, own)
}

// secretive tells whether a repository's own Secret has credentials; one without any is completed by a template.
func secretive(secret map[string]string) bool {
	return cmp.Or(secret["password"], secret["bearerToken"], secret["sshPrivateKey"], secret["githubAppID"], secret["tlsClientCertData"]) != ""
}

func decoded(u *unstructured.Unstructured) map[string]string {
	data, _, _ := unstructured.NestedStringMap(u.Object, "data")
	values := make(map[string]string, len(data))
	for key, encoded := range data {
		if value, err := base64.StdEncoding.DecodeString(encoded); err == nil {
			values[key] = string(value)
		}
	}
	return values
}

func (s *Source) authOf(ctx context.Context, secret map[string]string) (git.Auth, error) {
	switch {
	case secret["githubAppID"] != "":
		return git.Auth{}, errors.New("it is a GitHub App, whose private key Assay does not take from Argo CD: give Assay credentials of its own")
	case secret["tlsClientCertData"] != "":
		return git.Auth{}, errors.New("it is a client certificate, which Assay does not take from Argo CD: give Assay credentials of its own")
	}
	auth := git.Auth{Username: secret["username"], Password: secret["password"], BearerToken: secret["bearerToken"], Proxy: secret["proxy"]}
	if key := secret["sshPrivateKey"]; key != "" {
		hosts, err := s.config(ctx, "argocd-ssh-known-hosts-cm")
		if err != nil {
			return git.Auth{}, err
		}
		auth.SSHKey, auth.KnownHosts = []byte(key), []byte(hosts["ssh_known_hosts"])
		return auth, nil
	}
	certificates, err := s.config(ctx, "argocd-tls-certs-cm")
	if err != nil {
		return git.Auth{}, err
	}
	if u, err := url.Parse(secret["url"]); err == nil {
		auth.CA = []byte(certificates[u.Hostname()])
	}
	return auth, nil
}

// config reads one of Argo CD's ConfigMaps, which need not be there.
func (s *Source) config(ctx context.Context, name string) (map[string]string, error) {
	found, err := s.objects.Resource(configMapResource).Namespace(s.options.Namespace).Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read ConfigMap %s/%s: %w", s.options.Namespace, name, err)
	}
	data, _, err := unstructured.NestedStringMap(found.Object, "data")
	return data, err
}
