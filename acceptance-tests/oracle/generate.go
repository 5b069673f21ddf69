package main

import (
	"errors"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
)

// Generate is what a configuration is made from; empty members keep the machinery's defaults.
type Generate struct {
	ClusterName       string              `json:"cluster_name"`
	Endpoint          string              `json:"endpoint"`
	Role              string              `json:"role"`
	Contract          string              `json:"contract"`
	KubernetesVersion string              `json:"kubernetes_version"`
	InstallDisk       string              `json:"install_disk,omitempty"`
	InstallImage      string              `json:"install_image,omitempty"`
	ExtraKernelArgs   []string            `json:"extra_kernel_args,omitempty"`
	CertSANs          []string            `json:"cert_sans,omitempty"`
	DNSDomain         string              `json:"dns_domain,omitempty"`
	AllowScheduling   bool                `json:"allow_scheduling,omitempty"`
	RegistryMirrors   map[string][]string `json:"registry_mirrors,omitempty"`
	LocalAPIPort      int                 `json:"local_api_port,omitempty"`
	KubePrismPort     *int                `json:"kube_prism_port,omitempty"`
	Discovery         *bool               `json:"discovery,omitempty"`
	Persist           *bool               `json:"persist,omitempty"`
	Sysctls           map[string]string   `json:"sysctls,omitempty"`
}

func generateConfig(in *Generate, bundle *secrets.Bundle) (string, error) {
	if bundle == nil {
		return "", errors.New("generation needs -secrets")
	}

	options, err := in.options(bundle)
	if err != nil {
		return "", err
	}

	input, err := generate.NewInput(in.ClusterName, in.Endpoint, in.KubernetesVersion, options...)
	if err != nil {
		return "", err
	}

	role, err := machine.ParseType(in.Role)
	if err != nil {
		return "", err
	}

	cfg, err := input.Config(role)
	if err != nil {
		return "", err
	}

	return encode(cfg)
}

func (in *Generate) options(bundle *secrets.Bundle) ([]generate.Option, error) {
	contract, err := config.ParseContractFromVersion(in.Contract)
	if err != nil {
		return nil, err
	}

	options := []generate.Option{
		generate.WithVersionContract(contract),
		generate.WithSecretsBundle(bundle),
		generate.WithInstallDisk(in.InstallDisk),
		generate.WithInstallImage(in.InstallImage),
		generate.WithInstallExtraKernelArgs(in.ExtraKernelArgs),
		generate.WithAdditionalSubjectAltNames(in.CertSANs),
		generate.WithAllowSchedulingOnControlPlanes(in.AllowScheduling),
		generate.WithLocalAPIServerPort(in.LocalAPIPort),
		generate.WithSysctls(in.Sysctls),
	}

	if in.DNSDomain != "" {
		options = append(options, generate.WithDNSDomain(in.DNSDomain))
	}

	if in.KubePrismPort != nil {
		options = append(options, generate.WithKubePrismPort(*in.KubePrismPort))
	}

	if in.Discovery != nil {
		options = append(options, generate.WithClusterDiscovery(*in.Discovery))
	}

	if in.Persist != nil {
		options = append(options, generate.WithPersist(*in.Persist))
	}

	for host, endpoints := range in.RegistryMirrors {
		options = append(options, generate.WithRegistryMirror(host, endpoints...))
	}

	return options, nil
}
