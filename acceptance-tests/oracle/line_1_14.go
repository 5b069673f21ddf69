//go:build !talos_1_11 && !talos_1_12 && !talos_1_13

package main

import (
	"errors"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
)

// lineOptions are those that other lines do not have, or have in another form.
func (in *Generate) lineOptions() ([]generate.Option, error) {
	var options []generate.Option

	if in.Persist != nil && !*in.Persist {
		return nil, errors.New("configurations of this line are always kept")
	}

	if in.KubeSpan != nil {
		options = append(options, generate.WithKubeSpanEnabled(*in.KubeSpan))
	}

	if in.CustomCNI != "" {
		options = append(options, generate.WithCustomCNIUrl(in.CustomCNI))
	}

	return options, nil
}

func validBundle(bundle *secrets.Bundle) error { return bundle.Validate(config.TalosVersionCurrent) }

func bundleOf(cfg config.Provider) (*secrets.Bundle, error) {
	return secrets.NewBundleFromConfig(secrets.NewClock(), cfg)
}
