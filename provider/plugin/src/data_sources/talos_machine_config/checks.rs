//! What Talos would refuse in the rendered configuration. Pure.

use framework::prelude::*;
use talos_config::document::Config;
use talos_config::validate::{Mode, validate};

use super::model::MachineConfig;

/// Talos would refuse the pair at installation only: the UKI holds the arguments, GRUB's are not read.
pub fn refuse_kernel_arguments(config: &Config, model: &MachineConfig) -> Result<(), Error> {
    let install = config
        .document("v1alpha1")
        .and_then(|document| document.body().get("machine")?.get("install"));
    let Some(install) = install else {
        return Ok(());
    };
    let uki = install
        .get("grubUseUKICmdline")
        .and_then(|value| value.as_bool())
        == Some(true);
    let arguments = install
        .get("extraKernelArgs")
        .and_then(|value| value.as_list())
        .is_some_and(|list| !list.is_empty());
    if !(uki && arguments) {
        return Ok(());
    }
    let error = Error::new(
        "TS-CONFIG-KERNEL-ARGS: kernel arguments do not belong in this configuration",
        "Talos 1.12 and later boots with the command line that is built into the image (`machine.install.grubUseUKICmdline`) \
         and refuses `machine.install.extraKernelArgs` beside it.\n\nSet `kernel_args` of `talos_image_schematic` and install \
         from that image. To keep the old way, set `machine.install.grubUseUKICmdline: false` in a patch.",
    );
    let given = model.install.get().is_some_and(|install| {
        install
            .extra_kernel_args
            .get()
            .is_some_and(|list| !list.is_empty())
    });
    Err(if given {
        error.at("install.extra_kernel_args")
    } else {
        error
    })
}

/// What every kind of machine refuses is an error; what depends on the kind is for the machine to say.
pub fn check(config: &Config) -> Result<Vec<String>, Error> {
    let report = validate(config, Mode::Metal);
    let mut errors = report.errors;
    for mode in [Mode::Cloud, Mode::Container] {
        if errors.is_empty() {
            break;
        }
        let others = validate(config, mode).errors;
        errors.retain(|error| others.contains(error));
    }
    if errors.is_empty() {
        return Ok(report.warnings);
    }
    let list: String = errors
        .iter()
        .map(|error| format!("\n  - {error}"))
        .collect();
    Err(Error::new(
        "TS-CONFIG-INVALID: Talos would refuse the rendered configuration",
        format!(
            "It fails validation for every kind of machine:{list}\n\nCorrect the patch or attribute that sets this."
        ),
    ))
}
