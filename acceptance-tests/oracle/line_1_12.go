//go:build talos_1_11 || talos_1_12

package main

import (
	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/config/types/v1alpha1"
)

// lineOptions are those that other lines do not have, or have in another form.
func (in *Generate) lineOptions() ([]generate.Option, error) {
	var options []generate.Option

	if in.Persist != nil {
		options = append(options, generate.WithPersist(*in.Persist))
	}

	if in.KubeSpan != nil && *in.KubeSpan {
		options = append(options, generate.WithNetworkOptions(v1alpha1.WithKubeSpan()))
	}

	if in.CustomCNI != "" {
		options = append(options, generate.WithClusterCNIConfig(&v1alpha1.CNIConfig{
			CNIName: "custom", CNIUrls: []string{in.CustomCNI},
		}))
	}

	return options, nil
}

func validBundle(bundle *secrets.Bundle) error { return bundle.Validate() }

func bundleOf(cfg config.Provider) (*secrets.Bundle, error) {
	return secrets.NewBundleFromConfig(secrets.NewClock(), cfg), nil
}
