// SPDX-License-Identifier: Apache-2.0

// render-chart CHART [VALUES…]: what `helm template dropwarden CHART --namespace kube-system` prints, for a chart that uses
// Go templates, sprig, `include`, `toYaml` and `.Files.Get`. Helm is in no Debian. KUBE_VERSION is that of the cluster.
// Keys of maps in the output keep the order of the template.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type files string

func (chart files) Get(name string) (string, error) {
	content, err := os.ReadFile(filepath.Join(string(chart), name))
	return string(content), err
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render-chart:", err)
		os.Exit(1)
	}
}

func load(file string) map[string]interface{} {
	content, err := os.ReadFile(file)
	check(err)
	values := map[string]interface{}{}
	if err := yaml.UnmarshalStrict(content, &values); err != nil {
		check(fmt.Errorf("%s: %w", file, err))
	}
	return values
}

// Maps are joined, all else is replaced, and null takes a key away, as Helm does it.
func join(into, from map[string]interface{}) {
	for key, value := range from {
		old, isMap := into[key].(map[string]interface{})
		added, isAlsoMap := value.(map[string]interface{})
		switch {
		case isMap && isAlsoMap:
			join(old, added)
		case value == nil:
			delete(into, key)
		default:
			into[key] = value
		}
	}
}

// Helm's names of what stands in Chart.yaml.
func capitalised(values map[string]interface{}) map[string]interface{} {
	result := map[string]interface{}{}
	for key, value := range values {
		result[strings.ToUpper(key[:1])+key[1:]] = value
	}
	return result
}

func main() {
	chart := os.Args[1]
	values := load(filepath.Join(chart, "values.yaml"))
	for _, file := range os.Args[2:] {
		join(values, load(file))
	}
	version := os.Getenv("KUBE_VERSION")
	if version == "" {
		version = "v1.31.0"
	}
	top := map[string]interface{}{
		"Values":       values,
		"Chart":        capitalised(load(filepath.Join(chart, "Chart.yaml"))),
		"Files":        files(chart),
		"Release":      map[string]interface{}{"Name": "dropwarden", "Namespace": "kube-system", "Service": "Helm"},
		"Capabilities": map[string]interface{}{"KubeVersion": map[string]interface{}{"Version": version}},
	}

	all := template.New("chart").Option("missingkey=error")
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	all.Funcs(functions)

	templates, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	check(err)
	sort.Strings(templates)
	for _, file := range templates {
		content, err := os.ReadFile(file)
		check(err)
		_, err = all.New(file).Parse(string(content))
		check(err)
	}
	fmt.Println("# SPDX-License-Identifier: Apache-2.0")
	for _, file := range templates {
		if !strings.HasSuffix(file, ".yaml") {
			continue
		}
		var out bytes.Buffer
		check(all.ExecuteTemplate(&out, file, top))
		text := strings.TrimPrefix(out.String(), "# SPDX-License-Identifier: Apache-2.0\n")
		for _, document := range strings.Split(text, "\n---\n") {
			parsed := map[string]interface{}{}
			if err := yaml.UnmarshalStrict([]byte(document), &parsed); err != nil {
				check(fmt.Errorf("%s: %w in\n%s", file, err, document))
			}
			if len(parsed) > 0 {
				fmt.Printf("---\n%s\n", strings.Trim(document, "\n"))
			}
		}
	}
}
