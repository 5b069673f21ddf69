package main

import (
	"errors"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/machine"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
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
	KubeSpan          *bool               `json:"kube_span,omitempty"`
	CustomCNI         string              `json:"custom_cni,omitempty"`
	Debug             bool                `json:"debug,omitempty"`
	Disks             []Disk              `json:"disks,omitempty"`
	RegistryCAs       map[string]string   `json:"registry_cas,omitempty"`
	InsecureRegistry  []string            `json:"insecure_registries,omitempty"`
}

// Disk is one that is partitioned for the user.
type Disk struct {
	Device     string `json:"device"`
	Partitions []struct {
		Mountpoint string `json:"mountpoint"`
		Size       uint64 `json:"size,omitempty"`
	} `json:"partitions"`
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
		generate.WithDebug(in.Debug),
	}

	if len(in.Disks) > 0 {
		options = append(options, generate.WithUserDisks(in.userDisks()))
	}

	for host, ca := range in.RegistryCAs {
		options = append(options, generate.WithRegistryCACert(host, ca))
	}

	for _, host := range in.InsecureRegistry {
		options = append(options, generate.WithRegistryInsecureSkipVerify(host))
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

	extra, err := in.lineOptions()
	if err != nil {
		return nil, err
	}

	options = append(options, extra...)

	for host, endpoints := range in.RegistryMirrors {
		options = append(options, generate.WithRegistryMirror(host, endpoints...))
	}

	return options, nil
}

func (in *Generate) userDisks() []*v1alpha1.MachineDisk {
	disks := make([]*v1alpha1.MachineDisk, 0, len(in.Disks))

	for _, disk := range in.Disks {
		result := &v1alpha1.MachineDisk{DeviceName: disk.Device}

		for _, part := range disk.Partitions {
			result.DiskPartitions = append(result.DiskPartitions, &v1alpha1.DiskPartition{
				DiskSize: v1alpha1.DiskSize(part.Size), DiskMountPoint: part.Mountpoint,
			})
		}

		disks = append(disks, result)
	}

	return disks
}
