# Runs offline, in seconds: no cluster, no network, no state.

run "the_machine_is_configured" {
  assert {
    condition     = output.documents["v1alpha1"].machine.sysctls["net.core.somaxconn"] == "65535"
    error_message = "The layer does not arrive."
  }

  assert {
    condition     = output.documents["v1alpha1"].machine.install.image == output.installer_image
    error_message = "It does not install from the schematic."
  }

  assert {
    condition     = output.documents["HostnameConfig"].hostname == "cp01"
    error_message = "It has another name: ${output.redacted}"
  }

  assert {
    condition = output.installer_image == join("", [
      "factory.talos.dev/nocloud-installer/",
      "ce4c980550dd2ab1b17bbf2b08801c7eb59418eafe8f279833297925d67c7515:v1.12.6",
    ])
    error_message = "Another schematic, or another factory: ${output.installer_image}"
  }
}

run "talos_accepts_it" {
  assert {
    condition     = output.verdict.valid
    error_message = join("\n", output.verdict.errors)
  }
}

run "the_later_stage_changes_the_name_only" {
  assert {
    condition     = alltrue([for line in output.difference : startswith(line, "HostnameConfig: ")])
    error_message = join("\n", output.difference)
  }

  assert {
    condition     = contains(output.difference, "HostnameConfig: hostname: nothing -> cp01")
    error_message = join("\n", output.difference)
  }
}

run "another_machine_has_another_name" {
  variables {
    hostname = "cp02"
  }

  assert {
    condition     = output.documents["HostnameConfig"].hostname == "cp02"
    error_message = "The variable does not arrive."
  }
}

run "secrets_are_not_shown" {
  assert {
    condition     = strcontains(output.redacted, "token: '**REDACTED**'")
    error_message = "The token is not redacted."
  }

  assert {
    condition     = !strcontains(output.redacted, yamldecode(output.secrets_yaml).secrets.bootstraptoken)
    error_message = "The bootstrap token is shown."
  }

  assert {
    condition     = yamldecode(output.secrets_yaml).cluster.id == output.documents["v1alpha1"].cluster.id
    error_message = "The bundle is that of another cluster."
  }
}

run "talosctl_finds_the_machine" {
  assert {
    condition     = yamldecode(output.talosconfig).contexts["cluster-101"].endpoints == ["10.101.0.11"]
    error_message = "The talosconfig leads elsewhere."
  }
}
