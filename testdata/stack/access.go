package stack

import (
	"context"
	"crypto/x509/pkix"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Config makes clients cluster administrators, whose requests are not slowed down on their side.
func (c *Cluster) Config() *rest.Config {
	return c.config(rest.Config{TLSClientConfig: rest.TLSClientConfig{CertData: c.admin.certificate, KeyData: c.admin.key}})
}

// ConfigFor makes clients a service account, which must exist: what they may do is what RBAC gives it. The token is good for a day.
func (c *Cluster) ConfigFor(t testing.TB, namespace, name string) *rest.Config {
	t.Helper()
	client, err := kubernetes.NewForConfig(c.Config())
	if err != nil {
		t.Fatal(err)
	}
	day := int64(24 * 60 * 60)
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &day}}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), name, request, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("token for the service account %s/%s: %v", namespace, name, err)
	}
	return c.config(rest.Config{BearerToken: token.Status.Token})
}

func (c *Cluster) config(who rest.Config) *rest.Config {
	who.Host, who.QPS = "https://"+c.server.address, -1
	who.CAData = c.authority.pem
	return &who
}

// kubeconfig writes a file for a client of this name, and returns its path.
func (c *Cluster) kubeconfig(name string, who pkix.Name) (string, error) {
	identity, err := c.authority.issue(who)
	if err != nil {
		return "", err
	}
	return c.writeKubeconfig(name, identity)
}

func (c *Cluster) writeKubeconfig(name string, identity pair) (string, error) {
	config := api.NewConfig()
	config.Clusters["stack"] = &api.Cluster{Server: "https://" + c.server.address, CertificateAuthorityData: c.authority.pem}
	config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: identity.certificate, ClientKeyData: identity.key}
	config.Contexts["stack"] = &api.Context{Cluster: "stack", AuthInfo: name}
	config.CurrentContext = "stack"
	path := c.path(name + ".kubeconfig")
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("kubeconfig of %s: %w", name, err)
	}
	return path, nil
}

// Kubectl runs bin/kubectl as a cluster administrator, and returns what it prints.
func (c *Cluster) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := c.kubectl(t.Context(), "", args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Apply brings objects, in YAML, into the cluster as a cluster administrator.
func (c *Cluster) Apply(t testing.TB, objects string) {
	t.Helper()
	if err := c.apply(t.Context(), objects); err != nil {
		t.Fatal(err)
	}
}

func (c *Cluster) apply(ctx context.Context, objects string) error {
	_, err := c.kubectl(ctx, objects, "apply", "--server-side", "--force-conflicts", "--filename=-")
	return err
}

func (c *Cluster) kubectl(ctx context.Context, stdin string, args ...string) (string, error) {
	binary, err := built(c.root, "kubectl")
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, binary, append([]string{"--kubeconfig=" + c.Kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	return run(cmd)
}
