package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v4"

	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// Cases is what a case file holds.
type Cases struct {
	// Generate: inputs by name. Others may use the result as their base.
	Generate []struct {
		Name  string         `yaml:"name"`
		Input map[string]any `yaml:"input"`
	} `yaml:"generate"`
	// Load: texts that are loaded, accepted or not, and validated.
	Load []struct {
		Name   string `yaml:"name"`
		Config string `yaml:"config"`
	} `yaml:"load"`
	// Patch: applied to each base alone, and in pairs with the case after and the one seven on.
	Patch struct {
		Bases []string `yaml:"bases"`
		Cases []struct {
			Name    string   `yaml:"name"`
			Bases   []string `yaml:"bases"`
			Patches []string `yaml:"patches"`
		} `yaml:"cases"`
	} `yaml:"patch"`
}

var modes = []string{"metal", "cloud", "container"}

type expander struct {
	bundle *secrets.Bundle
	bases  map[string]string
	out    *json.Encoder
}

// writeCases turns case files into requests, in the order of the files' names.
func writeCases(args []string) error {
	bundle, rest, err := loadBundle(args)
	if err != nil {
		return err
	}

	if len(rest) != 1 {
		return errors.New("usage: oracle cases -secrets FILE DIR")
	}

	paths, err := filepath.Glob(filepath.Join(rest[0], "*.yaml"))
	if err != nil {
		return err
	}

	out := bufio.NewWriter(os.Stdout)
	e := expander{bundle: bundle, bases: map[string]string{}, out: newEncoder(out)}

	for _, path := range paths {
		if err := e.file(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}

	return out.Flush()
}

func (e *expander) file(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}

	defer file.Close() //nolint:errcheck // only read

	dec := yaml.NewDecoder(file)
	dec.KnownFields(true)

	var cases Cases
	if err := dec.Decode(&cases); err != nil {
		return err
	}

	for _, step := range []func(Cases) error{e.generate, e.load, e.patch} {
		if err := step(cases); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) generate(cases Cases) error {
	for _, c := range cases.Generate {
		data, err := json.Marshal(c.Input)
		if err != nil {
			return err
		}

		req := Request{Name: "generate/" + c.Name, Op: "generate"}
		if err := json.Unmarshal(data, &req.Generate); err != nil {
			return err
		}

		if err := e.out.Encode(req); err != nil {
			return err
		}

		e.bases[c.Name] = ask(req, e.bundle).Output

		if err := e.validate(c.Name, e.bases[c.Name]); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) load(cases Cases) error {
	for _, c := range cases.Load {
		e.bases[c.Name] = c.Config

		if err := e.out.Encode(Request{Name: "load/" + c.Name, Op: "load", Config: c.Config}); err != nil {
			return err
		}

		if err := e.validate(c.Name, c.Config); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) patch(cases Cases) error {
	all := cases.Patch.Cases

	for i, c := range all {
		bases := c.Bases
		if len(bases) == 0 {
			bases = cases.Patch.Bases
		}

		for _, base := range bases {
			text, ok := e.bases[base]
			if !ok {
				return fmt.Errorf("case %s: no base %q", c.Name, base)
			}

			if err := e.patched(base+"/"+c.Name, text, c.Patches); err != nil {
				return err
			}

			for _, step := range []int{1, 7} {
				if i+step >= len(all) {
					continue
				}

				other := all[i+step]
				both := append(append([]string{}, c.Patches...), other.Patches...)

				if err := e.patched(base+"/"+c.Name+"+"+other.Name, text, both); err != nil {
					return err
				}
			}
		}
	}

	return nil
}

func (e *expander) patched(name, text string, patches []string) error {
	req := Request{Name: "patch/" + name, Op: "patch", Config: text, Patches: patches}
	if err := e.out.Encode(req); err != nil {
		return err
	}

	answer := ask(req, e.bundle)
	if answer.Output == "" {
		return nil
	}

	return e.validate(name, answer.Output)
}

func (e *expander) validate(name, text string) error {
	for _, mode := range modes {
		req := Request{Name: "validate/" + mode + "/" + name, Op: "validate", Config: text, Mode: mode}
		if err := e.out.Encode(req); err != nil {
			return err
		}
	}

	return nil
}
