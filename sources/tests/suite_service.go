package tests

import (
	"fmt"
	"strings"
)

// Service is a throw-away dependency of a Suite, such as a database or a mock: a container beside each of its runs, or a Kustomize folder
// that is applied to a namespace made for the run. It is there before the run starts, and gone after it, however that ends.
//
// Where a Service is, the run finds in ASSAY_SERVICE_<NAME> (host:port, the name in upper case with _ for -): of a container that lists a
// port, and of each Kubernetes Service in the folder. ASSAY_SERVICES_NAMESPACE is the namespace that was made.
type Service struct {
	// Name is unique among the Suite's services.
	Name string `json:"name" jsonschema:"maxLength=40,pattern=^[a-z]([-a-z0-9]*[a-z0-9])?$" must:"be at most 40 lower case letters, digits and dashes, and begin with a letter"`
	// Image makes it a container, which shares the run's pod and its network. Exactly one of image and path is given.
	Image string `json:"image,omitempty" jsonschema:"oneof_required=image,minLength=1,example=postgres:17"`
	// Path makes it a Kustomize folder, relative to the folder of the file that defines the Suite, and among the Suite's files. All it renders
	// is namespaced, and reads nothing outside of the Suite's folder.
	Path string `json:"path,omitempty" jsonschema:"oneof_required=path,pattern=^[^/],example=services/kafka" must:"be relative to the Suite's folder" path:"folder"`
	// Command replaces the image's entrypoint.
	Command []string `json:"command,omitempty" jsonschema:"minItems=1"`
	// Args replace the image's arguments.
	Args []string `json:"args,omitempty" jsonschema:"minItems=1"`
	// Env is added to the image's environment.
	Env []EnvVar `json:"env,omitempty"`
	// Ports that it listens on, each no other service of the Suite does.
	Ports []int `json:"ports,omitempty" jsonschema:"minimum=1,maximum=65535"`
	// Resources bound the container.
	Resources Resources `json:"resources,omitzero"`
	// Ready tells when the run may start. Default: when the first of ports takes connections, or at once without any. What a folder renders is
	// ready when each object says so.
	Ready *Ready `json:"ready,omitempty"`
	// Timeout is how long it may take to become ready; a run whose services do not is Inconclusive. Default 2m.
	Timeout Duration `json:"timeout,omitzero"`
}

// Ready asks a container whether it is. Exactly one of tcp, http and exec is given.
type Ready struct {
	// TCP is a port that takes connections.
	TCP int `json:"tcp,omitempty" jsonschema:"oneof_required=tcp,minimum=1,maximum=65535"`
	// HTTP is a request that is answered with 200 to 399.
	HTTP *HTTPReady `json:"http,omitempty" jsonschema:"oneof_required=http"`
	// Exec is a command in the container that exits with 0.
	Exec []string `json:"exec,omitempty" jsonschema:"oneof_required=exec,minItems=1,example=pg_isready"`
}

// HTTPReady is a GET request.
type HTTPReady struct {
	// Port that is asked.
	Port int `json:"port" jsonschema:"minimum=1,maximum=65535"`
	// Path of the request. Default /.
	Path string `json:"path,omitempty" jsonschema:"pattern=^/" must:"begin with /"`
}

func (s *SuiteSpec) checkServices(report func(at field, message, remedy string)) {
	names, ports := map[string]bool{}, map[int]string{}
	for i, service := range s.Services {
		at := field{"spec", "services", i}
		if names[service.Name] {
			report(at.at("name"), service.Name+" is there twice", "keep one of the two, or rename it")
		}
		names[service.Name] = true
		if service.Image != "" && s.Resource != nil {
			report(at.at("image"), "needs a pod to be beside, and a resource has none of Assay's", "make it a folder, with path")
		}
		for j, port := range service.Ports {
			if other, taken := ports[port]; taken {
				report(at.at("ports").at(j), fmt.Sprintf("%d is taken by %s, and services share one network", port, other), "let one of the two listen on another port")
			}
			ports[port] = service.Name
		}
		checkEnv(at.at("env"), service.Env, report)
		checkAmounts(at, service.Resources, report)
		service.checkFolder(at, report)
	}
}

// checkFolder reports what only a container can have.
func (s Service) checkFolder(at field, report func(at field, message, remedy string)) {
	if s.Path == "" {
		return
	}
	for name, given := range map[string]bool{
		"command": len(s.Command) > 0, "args": len(s.Args) > 0, "env": len(s.Env) > 0, "ports": len(s.Ports) > 0,
		"resources": s.Resources != Resources{}, "ready": s.Ready != nil,
	} {
		if given {
			report(at.at(name), "means nothing to a folder", "remove it, and say it in the folder's manifests")
		}
	}
}

// ServiceVariable is the environment variable that holds the address of a service.
func ServiceVariable(name string) string {
	return "ASSAY_SERVICE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
