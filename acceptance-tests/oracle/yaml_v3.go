//go:build talos_1_11

package main

import (
	"io"

	"gopkg.in/yaml.v3"
)

// The YAML library of this line of Talos.
var (
	marshal   = yaml.Marshal
	unmarshal = yaml.Unmarshal
)

func decodeStrictly(from io.Reader, into any) error {
	dec := yaml.NewDecoder(from)
	dec.KnownFields(true)

	return dec.Decode(into)
}
