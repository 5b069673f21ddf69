package main

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Schematic has the fields of the Image Factory's schematics in its order. The factory is no
// library: what is official here is how Go writes them.
type Schematic struct {
	Owner         string        `yaml:"owner,omitempty"`
	Overlay       Overlay       `yaml:"overlay,omitempty"`
	Customization Customization `yaml:"customization"`
}

// Overlay is what boards need.
type Overlay struct {
	Image   string         `yaml:"image"`
	Name    string         `yaml:"name"`
	Options map[string]any `yaml:"options,omitempty"`
}

// Customization is what differs from the plain image.
type Customization struct {
	EmbeddedMachineConfiguration string      `yaml:"embeddedMachineConfiguration,omitempty"`
	ExtraKernelArgs              []string    `yaml:"extraKernelArgs,omitempty"`
	Meta                         []MetaValue `yaml:"meta,omitempty"`
	SystemExtensions             struct {
		OfficialExtensions []string `yaml:"officialExtensions,omitempty"`
	} `yaml:"systemExtensions,omitempty"`
	Bootloader string `yaml:"bootloader,omitempty"`
	SecureBoot struct {
		EnrollKeys                   string `yaml:"enrollKeys,omitempty"`
		IncludeWellKnownCertificates bool   `yaml:"includeWellKnownCertificates,omitempty"`
	} `yaml:"secureboot,omitempty"`
	DiskImage struct {
		SectorSize uint `yaml:"sectorSize,omitempty"`
	} `yaml:"diskImage,omitempty"`
}

// MetaValue is an entry of the META partition.
type MetaValue struct {
	Key   uint8  `yaml:"key"`
	Value string `yaml:"value"`
}

// schematic is the canonical text of a schematic, with its id in front.
func schematic(text string) (string, error) {
	var value Schematic
	if err := decodeStrictly(strings.NewReader(text), &value); err != nil {
		return "", err
	}

	data, err := marshal(value)
	if err != nil {
		return "", err
	}

	return fmt.Sprintf("%x\n%s", sha256.Sum256(data), data), nil
}
