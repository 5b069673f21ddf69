package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

// asker answers requests and remembers the texts that later ones may refer to.
type asker struct {
	bundle *secrets.Bundle
	texts  map[string]string
}

func newAsker(bundle *secrets.Bundle) asker {
	return asker{bundle: bundle, texts: map[string]string{}}
}

// ask answers one request; a panic of the machinery is an answer too.
func (a asker) ask(req Request) (answer Answer) {
	answer.Request = req

	defer func() {
		if p := recover(); p != nil {
			answer.Panicked = true
			answer.Error = fmt.Sprint(p)
		}
	}()

	text := req.Config
	if name, ok := strings.CutPrefix(text, "@"); ok {
		text = a.texts[name]
	}

	if len(req.Data) > 0 {
		text = string(req.Data)
	}

	var err error

	switch req.Op {
	case "generate":
		answer.Output, err = generateConfig(req.Generate, a.bundle)
		a.texts[req.Name] = answer.Output
	case "load":
		a.texts[req.Name] = text
		answer.Output, err = patched(text, nil)
	case "patch":
		answer.Output, err = patched(text, req.Patches)
		a.texts[req.Name] = answer.Output
	case "bundle":
		answer.Output, err = bundleText(text)
	case "adopt":
		answer.Output, err = adopted(text)
	case "validate":
		answer.Verdicts, err = validate(text)
	case "certificate":
		answer.Output, err = verified(req.Certificate)
	case "mint":
		answer.Output, err = minted()
	case "schematic":
		answer.Output, err = schematic(text)
	default:
		err = fmt.Errorf("unknown op %q", req.Op)
	}

	if err != nil {
		answer.Error = err.Error()
	}

	return answer
}

// patched loads a configuration, applies patches and writes it as the provider bundle does.
func patched(text string, patches []string) (string, error) {
	cfg, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return "", err
	}

	loaded, err := configpatcher.LoadPatches(patches)
	if err != nil {
		return "", err
	}

	out, err := configpatcher.Apply(configpatcher.WithConfig(cfg), loaded)
	if err != nil {
		return "", err
	}

	// The result of a JSON patch is bytes; whoever uses it decodes them again.
	result, err := out.Config()
	if err != nil {
		return "", err
	}

	return encode(result)
}

func encode(cfg config.Provider) (string, error) {
	// A loaded configuration would answer with the bytes it came from.
	data, err := cfg.Clone().EncodeBytes(encoder.WithComments(encoder.CommentsDisabled))

	return string(data), err
}

func validate(text string) (map[string]Verdict, error) {
	cfg, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return nil, err
	}

	verdicts := map[string]Verdict{}

	for _, m := range []mode{"metal", "cloud", "container"} {
		warnings, err := cfg.Validate(m, validation.WithLocal())
		verdict := Verdict{Warnings: warnings}

		if err != nil {
			verdict.Errors = flatten(err)
			// Some come from Go's maps, in no order.
			slices.Sort(verdict.Errors)
		}

		verdicts[string(m)] = verdict
	}

	return verdicts, nil
}

// flatten takes an error apart into those that it was joined from.
func flatten(err error) []string {
	var parts []error

	switch e := err.(type) { //nolint:errorlint // each level is looked at
	case *multierror.Error:
		parts = e.Errors
	case interface{ Unwrap() []error }:
		parts = e.Unwrap()
	default:
		if inner := errors.Unwrap(err); inner != nil {
			if texts := flatten(inner); len(texts) > 1 {
				return texts
			}
		}

		return []string{err.Error()}
	}

	var result []string
	for _, part := range parts {
		result = append(result, flatten(part)...)
	}

	return result
}

// mode is where a configuration is to run: metal, cloud or container.
type mode string

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }
