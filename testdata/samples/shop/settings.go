package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// settings are the environment variables that a Deployment's first container has from ConfigMaps.
type settings map[string]string

// object is as much of a Deployment or a ConfigMap as matters here.
type object struct {
	Kind     string `yaml:"kind"`
	Metadata struct {
		Name string `yaml:"name"`
	} `yaml:"metadata"`
	Data map[string]string `yaml:"data"`
	Spec struct {
		Template struct {
			Spec struct {
				Containers []struct {
					EnvFrom []struct {
						ConfigMapRef struct {
							Name string `yaml:"name"`
						} `yaml:"configMapRef"`
					} `yaml:"envFrom"`
				} `yaml:"containers"`
			} `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

// settingsOf finds the settings of a service in rendered manifests.
func settingsOf(manifests []byte, service string) (settings, error) {
	var deployment *object
	configMaps := map[string]settings{}
	decoder := yaml.NewDecoder(bytes.NewReader(manifests))
	for {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		switch {
		case o.Kind == "ConfigMap":
			configMaps[o.Metadata.Name] = o.Data
		case o.Kind == "Deployment" && o.Metadata.Name == service:
			deployment = &o
		}
	}
	if deployment == nil || len(deployment.Spec.Template.Spec.Containers) == 0 {
		return nil, fmt.Errorf("the manifests hold no Deployment %s with a container", service)
	}
	found := settings{}
	for _, from := range deployment.Spec.Template.Spec.Containers[0].EnvFrom {
		data, there := configMaps[from.ConfigMapRef.Name]
		if !there {
			return nil, fmt.Errorf("there is no ConfigMap %s, which Deployment %s names", from.ConfigMapRef.Name, service)
		}
		maps.Copy(found, data)
	}
	return found, nil
}

// cents reads an amount such as 4.90.
func cents(text string) (int64, error) {
	units, fraction, found := strings.Cut(text, ".")
	if !found || len(fraction) != 2 {
		return 0, fmt.Errorf("%q is no amount such as 4.90", text)
	}
	amount, err := strconv.ParseInt(units+fraction, 10, 64)
	if err != nil || amount < 0 {
		return 0, fmt.Errorf("%q is no amount such as 4.90", text)
	}
	return amount, nil
}

func (s settings) amount(name string) (int64, error) {
	amount, err := cents(s[name])
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return amount, nil
}
