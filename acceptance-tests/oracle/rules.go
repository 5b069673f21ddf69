package main

import (
	"strings"

	"github.com/siderolabs/talos/pkg/machinery/config/merge"
	"github.com/siderolabs/talos/pkg/machinery/config/types/block"
)

// rules are ways of this line that concern no single type. Each is found by trying.
func rules() []string {
	var lines []string

	if new(block.ByteSize).UnmarshalText([]byte("-1GB")) == nil {
		lines = append(lines, "rule negative-sizes")
	}

	if emptyOverwrites() {
		lines = append(lines, "rule empty-behind-pointer-overwrites")
	}

	if absentDeletionIsIgnored() {
		lines = append(lines, "rule absent-deletion-is-ignored")
	}

	if _, err := patched(worker, []string{twice}); err == nil {
		lines = append(lines, "rule patches-repeat-documents")
	}

	if !addressesMerge() {
		lines = append(lines, "rule addresses-do-not-merge")
	}

	if out, _ := patched(withMinusZero, nil); strings.Contains(out, "zero: 0\n") {
		lines = append(lines, "rule minus-zero-is-whole")
	}

	for _, rule := range []struct{ name, config string }{
		{"null-items", "machine: {network: {interfaces: [null]}}\n"},
		{"null-documents", "# nothing\n---\n" + worker + "---\nnull\n"},
		{"merge-keys-in-mappings", "machine: {nodeLabels: &a {a: b}, nodeAnnotations: {<<: *a}}\n"},
		{"empty-mappings-are-empty-texts", "apiVersion: v1alpha1\nkind: UserVolumeConfig\nprovisioning: {minSize: {}}\n"},
		{"zero-durations", "machine: {time: {bootTimeout: 0}}\n"},
		{"decimal-durations", "machine: {time: {bootTimeout: 0.0}}\n"},
		{"decimals-are-cut", "machine: {features: {kubePrism: {port: 1.5}}}\n"},
		{"dates-are-texts", "machine: {token: 2024-01-01}\n"},
		{"hosts-have-colons", "cluster: {controlPlane: {endpoint: \"https://fd00::1:80\"}}\n"},
	} {
		if accepts(rule.config) {
			lines = append(lines, "rule "+rule.name)
		}
	}

	return lines
}

const withMinusZero = "machine:\n    type: worker\n    kubelet:\n        extraConfig:\n            zero: -0\n"

const (
	worker = "machine:\n    type: worker\n"
	twice  = "apiVersion: v1alpha1\nkind: KubeSpanEndpointsConfig\n---\napiVersion: v1alpha1\nkind: KubeSpanEndpointsConfig\n"
)

func accepts(config string) bool {
	_, err := patched(config, nil)

	return err == nil
}

// emptyOverwrites says whether an empty text behind a pointer replaces another one.
func emptyOverwrites() bool {
	type holder struct{ Text *string }

	full, empty := "full", ""
	left := holder{Text: &full}

	return merge.Merge(&left, &holder{Text: &empty}) == nil && *left.Text == ""
}

// absentDeletionIsIgnored says whether deleting a document that is not there changes nothing.
func absentDeletionIsIgnored() (ignored bool) {
	defer func() {
		if recover() != nil {
			ignored = false
		}
	}()

	before, err := patched(worker, nil)
	if err != nil {
		return false
	}

	after, err := patched(worker, []string{"apiVersion: v1alpha1\nkind: KubeSpanEndpointsConfig\n$patch: delete\n"})

	return err == nil && after == before
}

// addressesMerge says whether a document with an address of its own can be patched.
func addressesMerge() bool {
	const rule = "apiVersion: v1alpha1\nkind: RoutingRuleConfig\nname: \"1000\"\ntable: main\n"

	return !accepts(rule) || func() bool {
		_, err := patched(rule, []string{rule})

		return err == nil
	}()
}
