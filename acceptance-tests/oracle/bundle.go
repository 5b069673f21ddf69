package main

import (
	"os"
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/configloader"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// bundleText loads a secrets bundle, checks it and writes it again.
func bundleText(text string) (string, error) {
	// The machinery loads bundles from files only.
	file, err := os.CreateTemp("", "bundle-*.yaml")
	if err != nil {
		return "", err
	}

	defer os.Remove(file.Name()) //nolint:errcheck // a temporary file

	if err = os.WriteFile(file.Name(), []byte(text), 0o600); err != nil {
		return "", err
	}

	bundle, err := secrets.LoadBundle(file.Name())
	if err != nil {
		return "", err
	}

	if err = validBundle(bundle); err != nil {
		return "", err
	}

	data, err := marshal(bundle)

	return string(data), err
}

// adopted is the bundle that a control plane's configuration was made from.
func adopted(text string) (string, error) {
	cfg, err := configloader.NewFromBytes([]byte(text))
	if err != nil {
		return "", err
	}

	bundle, err := bundleOf(cfg)
	if err != nil {
		return "", err
	}

	data, err := marshal(bundle)

	return string(data), err
}

// edited is a bundle's text with values set at dotted paths; null takes them out.
func edited(bundle *secrets.Bundle, edits map[string]any) (string, error) {
	data, err := marshal(bundle)
	if err != nil {
		return "", err
	}

	root := map[string]any{}
	if err = unmarshal(data, &root); err != nil {
		return "", err
	}

	for path, value := range edits {
		keys := strings.Split(path, ".")
		place := root

		for _, key := range keys[:len(keys)-1] {
			next, ok := place[key].(map[string]any)
			if !ok {
				next = map[string]any{}
				place[key] = next
			}

			place = next
		}

		if last := keys[len(keys)-1]; value == nil {
			delete(place, last)
		} else {
			place[last] = value
		}
	}

	data, err = marshal(root)

	return string(data), err
}
