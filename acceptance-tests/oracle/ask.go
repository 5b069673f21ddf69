package main

import (
	"errors"
	"fmt"

	"github.com/hashicorp/go-multierror"
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/configpatcher"
	"github.com/siderolabs/talos/pkg/machinery/config/encoder"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/validation"
)

// ask answers one request; a panic of the machinery is an answer too.
func ask(req Request, bundle *secrets.Bundle) (answer Answer) {
	answer.Request = req

	defer func() {
		if p := recover(); p != nil {
			answer.Panicked = true
			answer.Error = fmt.Sprint(p)
		}
	}()

	var err error

	switch req.Op {
	case "generate":
		answer.Output, err = generateConfig(req.Generate, bundle)
	case "load":
		answer.Output, err = patched(req.Config, nil)
	case "patch":
		answer.Output, err = patched(req.Config, req.Patches)
	case "validate":
		err = validate(req, &answer)
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

func validate(req Request, answer *Answer) error {
	cfg, err := configloader.NewFromBytes([]byte(req.Config))
	if err != nil {
		return err
	}

	warnings, err := cfg.Validate(mode(req.Mode), validation.WithLocal())
	answer.Warnings = warnings

	var multi *multierror.Error

	switch {
	case errors.As(err, &multi):
		for _, e := range multi.Errors {
			answer.Errors = append(answer.Errors, e.Error())
		}
	case err != nil:
		answer.Errors = []string{err.Error()}
	}

	return nil
}

// mode is where a configuration is to run: metal, cloud or container.
type mode string

func (m mode) String() string        { return string(m) }
func (m mode) RequiresInstall() bool { return m == "metal" }
func (m mode) InContainer() bool     { return m == "container" }
