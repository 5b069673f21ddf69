package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Cases is what a case file holds.
type Cases struct {
	// Generate: inputs by name. Others may use the result as their base.
	Generate []struct {
		Name  string         `yaml:"name"`
		Input map[string]any `yaml:"input"`
	} `yaml:"generate"`
	// Bundle: edits of the secrets bundle, or texts of their own.
	Bundle []struct {
		Name string         `yaml:"name"`
		Edit map[string]any `yaml:"edit"`
		Text string         `yaml:"text"`
	} `yaml:"bundle"`
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

// expander writes requests. It has to ask each one, to know which results can be validated.
type expander struct {
	asker asker
	bases map[string]string
	out   *json.Encoder
}

// writeCases turns case files into requests, folder by folder in the order of the files' names.
func writeCases(args []string) error {
	bundle, rest, err := loadBundle(args)
	if err != nil {
		return err
	}

	if len(rest) == 0 {
		return errors.New("usage: oracle cases -secrets FILE DIR…")
	}

	var paths []string

	for _, dir := range rest {
		found, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			return err
		}

		paths = append(paths, found...)
	}

	out := bufio.NewWriter(os.Stdout)
	e := expander{asker: newAsker(bundle), bases: map[string]string{}, out: newEncoder(out)}

	for _, path := range paths {
		if err := e.file(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}

	if err := e.kinds(); err != nil {
		return err
	}

	return out.Flush()
}

func (e *expander) file(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}

	defer file.Close() //nolint:errcheck // only read

	var cases Cases
	if err := decodeStrictly(file, &cases); err != nil {
		return err
	}

	for _, step := range []func(Cases) error{e.generate, e.bundle, e.load, e.patch} {
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

		e.bases[c.Name] = req.Name

		if err := e.write(req); err != nil {
			return err
		}

		if req.Generate.Role != "controlplane" {
			continue
		}

		if err := e.out.Encode(Request{Name: "adopt/" + c.Name, Op: "adopt", Config: "@" + req.Name}); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) bundle(cases Cases) error {
	for _, c := range cases.Bundle {
		text := c.Text

		if text == "" {
			var err error
			if text, err = edited(e.asker.bundle, c.Edit); err != nil {
				return err
			}
		}

		if err := e.out.Encode(Request{Name: "bundle/" + c.Name, Op: "bundle", Config: text}); err != nil {
			return err
		}
	}

	return nil
}

func (e *expander) load(cases Cases) error {
	for _, c := range cases.Load {
		req := Request{Name: "load/" + c.Name, Op: "load", Config: c.Config}
		e.bases[c.Name] = req.Name

		if err := e.write(req); err != nil {
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
			source, ok := e.bases[base]
			if !ok {
				return fmt.Errorf("case %s: no base %q", c.Name, base)
			}

			if err := e.patched(base+"/"+c.Name, source, c.Patches); err != nil {
				return err
			}

			for _, step := range []int{1, 7} {
				if i+step >= len(all) {
					continue
				}

				other := all[i+step]
				both := append(append([]string{}, c.Patches...), other.Patches...)

				if err := e.patched(base+"/"+c.Name+"+"+other.Name, source, both); err != nil {
					return err
				}
			}
		}
	}

	return nil
}

func (e *expander) patched(name, source string, patches []string) error {
	return e.write(Request{Name: "patch/" + name, Op: "patch", Config: "@" + source, Patches: patches})
}

// write writes a request, and one that validates its result if there is any.
func (e *expander) write(req Request) error {
	if err := e.out.Encode(req); err != nil {
		return err
	}

	if answer := e.asker.ask(req); answer.Error != "" {
		return nil
	}

	return e.out.Encode(Request{Name: "validate/" + req.Name, Op: "validate", Config: "@" + req.Name})
}
