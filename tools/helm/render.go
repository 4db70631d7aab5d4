// Renders a chart as `helm template` does, with the same template engine (text/template) and functions (sprig): for checks where helm itself is not to be had.
// What it leaves out: dependencies, lookup, files, the schema of values (checked by the caller), and the order of kinds.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Arguments: folder of the chart, JSON of the values (complete: defaults merged by the caller). Prints a JSON object of file name → text.
func main() {
	folder := os.Args[1]
	values := map[string]interface{}{}
	decoder := json.NewDecoder(strings.NewReader(os.Args[2]))
	fail(decoder.Decode(&values))
	text, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
	fail(err)
	meta := map[string]interface{}{}
	fail(yaml.Unmarshal(text, &meta))
	chart := map[string]interface{}{}
	for name, value := range meta {
		chart[strings.ToUpper(name[:1])+name[1:]] = value
	}
	root := map[string]interface{}{
		"Values":  values,
		"Chart":   chart,
		"Release": map[string]interface{}{"Name": "test", "Namespace": "default", "Service": "Helm", "IsInstall": true, "IsUpgrade": false, "Revision": 1},
	}

	engine := template.New("chart")
	functions := sprig.TxtFuncMap()
	delete(functions, "env")
	delete(functions, "expandenv")
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out bytes.Buffer
		err := engine.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["toYaml"] = func(value interface{}) (string, error) {
		text, err := yaml.Marshal(value)
		return strings.TrimSuffix(string(text), "\n"), err
	}
	functions["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return nil, fmt.Errorf("%s", message)
		}
		return value, nil
	}
	engine.Funcs(functions).Option("missingkey=zero")

	files, err := filepath.Glob(filepath.Join(folder, "templates", "*"))
	fail(err)
	sort.Strings(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		fail(err)
		_, err = engine.New(filepath.Base(file)).Parse(string(text))
		fail(err)
	}
	rendered := map[string]string{}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "_") {
			continue
		}
		var out bytes.Buffer
		fail(engine.ExecuteTemplate(&out, name, root))
		rendered[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	fail(json.NewEncoder(os.Stdout).Encode(rendered))
}
