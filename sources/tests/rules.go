package tests

import (
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// check reports what is wrong with one document by itself, beyond its shape.
type checked interface {
	Default()
	check(report func(at field, message, remedy string))
}

func (s *Suite) check(report func(at field, message, remedy string)) {
	env := checkEnv(field{"spec", "env"}, s.Spec.Env, report)
	s.Spec.checkMatrix(env, report)
	if runs := s.Spec.Runs(); runs > MaxRuns {
		report(field{"spec", "matrix"}, fmt.Sprintf("makes more than %d runs together with shards", MaxRuns), "take fewer values or shards, or split the Suite")
	}
	checkAmounts(field{"spec"}, s.Spec.Resources, report)
	s.Spec.checkResource(report)
	s.Spec.checkServices(report)
}

var envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// reservedEnv begins the variables that Assay itself sets.
const reservedEnv = "ASSAY_"

func checkEnv(at field, env []EnvVar, report func(at field, message, remedy string)) map[string]bool {
	seen := map[string]bool{}
	for i, v := range env {
		name := at.at(i).at("name")
		switch {
		case strings.HasPrefix(v.Name, reservedEnv):
			report(name, v.Name+" is one of Assay's own", "choose a name that does not begin with "+reservedEnv)
		case seen[v.Name]:
			report(name, v.Name+" is there twice", "keep one of the two")
		}
		seen[v.Name] = true
	}
	return seen
}

func (s *SuiteSpec) checkMatrix(env map[string]bool, report func(at field, message, remedy string)) {
	for _, key := range slices.Sorted(maps.Keys(s.Matrix)) {
		at := field{"spec", "matrix", key}
		values := s.Matrix[key]
		switch {
		case !envName.MatchString(key):
			report(at, fmt.Sprintf("%q is no name of an environment variable", key), "use letters, digits and _, and begin with no digit")
		case strings.HasPrefix(key, reservedEnv):
			report(at, key+" is one of Assay's own", "choose a name that does not begin with "+reservedEnv)
		case env[key]:
			report(at, key+" is in env too", "keep it in one of the two")
		}
		if len(values) == 0 {
			report(at, "has no values", "add some, or remove the key")
		}
		for i, value := range values {
			if slices.Contains(values[:i], value) {
				report(at.at(i), fmt.Sprintf("%q is there twice", value), "keep one of the two")
			}
		}
	}
}

// checkAmounts relies on the shape: what is there is a quantity.
func checkAmounts(of field, resources Resources, report func(at field, message, remedy string)) {
	check := func(name, request, limit string) {
		amount := func(list, text string) resource.Quantity {
			q, err := resource.ParseQuantity(text)
			if text != "" && (err != nil || q.Sign() <= 0) {
				report(of.at("resources").at(list).at(name), fmt.Sprintf("%q is no amount of more than zero", text), "write one, or remove the line")
			}
			return q
		}
		requested, most := amount("requests", request), amount("limits", limit)
		if most.Sign() > 0 && requested.Cmp(most) > 0 {
			report(of.at("resources").at("requests").at(name), "is more than the limit "+limit, "request at most the limit")
		}
	}
	check("cpu", resources.Requests.CPU, resources.Limits.CPU)
	check("memory", resources.Requests.Memory, resources.Limits.Memory)
}

func (g *Gate) check(report func(at field, message, remedy string)) {
	for list, selectors := range map[string][]TargetSelector{"after": g.Spec.After, "exercises": g.Spec.Exercises} {
		for i, s := range selectors {
			for key, pattern := range map[string]string{"name": s.Name, "namespace": s.Namespace, "cluster": s.Cluster} {
				if _, err := path.Match(pattern, ""); err != nil {
					report(field{"spec", list, i, key}, fmt.Sprintf("%q is not a valid wildcard", pattern), "use * for any text, ? for one character and [a-z] for one of several")
				}
			}
		}
	}
	if least, most := g.Spec.Reruns.Min, g.Spec.Reruns.Max; least != nil && most != nil && *least > *most {
		report(field{"spec", "reruns", "min"}, fmt.Sprintf("%d is more than max, %d", *least, *most), "make min at most max")
	}
}

func (s *Site) check(report func(at field, message, remedy string)) {
	if u, err := url.Parse(s.Spec.Repository.URL); err == nil && u.User != nil {
		if _, secret := u.User.Password(); secret {
			report(field{"spec", "repository", "url"}, "holds a password", "remove it and revoke it: what was in Git is no secret; the operator gives Assay credentials")
		}
	}
	if s.Spec.Deploy != nil {
		checkEnv(field{"spec", "deploy", "env"}, s.Spec.Deploy.Env, report)
	}
}
