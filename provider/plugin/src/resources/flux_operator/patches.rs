//! The attribute `patches`: what is done to the manifests after all other attributes. Pure.

use framework::prelude::*;
use kubernetes::patch::Fault;
use serde_json::Value;

use super::model::FluxOperator;
use super::render::is_operator;
use crate::shared::kustomize_patch::KustomizePatch;

/// A patch that cannot be read, or does not fit the manifests.
#[derive(Debug)]
pub struct Unfit {
    /// Its place in `patches`.
    index: usize,
    fault: Fault,
}

impl Unfit {
    /// For validate, plan and apply. `about` names the operator.
    pub fn diagnostic(&self, about: &str) -> Diagnostic {
        let Self { index, fault } = self;
        let seen = &fault.seen;
        Diagnostic::error(
            format!("TS-PATCH-REFUSED: {about}: patches[{index}] {seen}"),
            format!("`patches[{index}]` {seen}.\nCure: {}", fault.cure),
        )
        .at(Path::attribute("patches").index(*index))
    }

    /// For a refresh.
    pub fn error(&self) -> kubernetes::Error {
        let seen = format!("patches[{}] {}", self.index, self.fault.seen);
        kubernetes::Error::new(kubernetes::Code::Manifest, "patching the manifests", seen)
    }
}

fn all(model: &FluxOperator) -> &[KustomizePatch] {
    model.patches.get().map(Vec::as_slice).unwrap_or_default()
}

/// Whether all patches are known and can be read; false where one is not known yet, or stands in for something.
///
/// # Errors
/// The first of the known ones that cannot be read.
pub fn are_read(model: &FluxOperator) -> Result<bool, Unfit> {
    let mut complete = !model.patches.is_unknown();
    for (index, patch) in all(model).iter().enumerate() {
        if !patch.is_settled() || patch.is_placeholder() {
            complete = false;
        } else if let Err(fault) = patch.read() {
            return Err(Unfit { index, fault });
        }
    }
    Ok(complete)
}

/// Whether a patch stands in for the output of a stage that has not run.
pub fn any_placeholder(model: &FluxOperator) -> bool {
    all(model).iter().any(KustomizePatch::is_placeholder)
}

/// Refuses what cannot be read, whatever the manifests are.
pub fn check(config: &FluxOperator, found: &mut Diagnostics) {
    for (index, patch) in all(config).iter().enumerate() {
        if patch.is_settled()
            && !patch.is_placeholder()
            && let Err(fault) = patch.read()
        {
            found.push(Unfit { index, fault }.diagnostic("flux-operator"));
        }
    }
}

/// The objects after the patches, one after the other. The operator itself must be left.
///
/// # Errors
/// The first patch that is for nothing, or does not fit.
pub fn apply(mut objects: Vec<Value>, model: &FluxOperator) -> Result<Vec<Value>, Unfit> {
    let there = objects.iter().any(is_operator);
    for (index, patch) in all(model).iter().enumerate() {
        let unfit = |fault| Unfit { index, fault };
        let patch = patch.read().map_err(unfit)?;
        patch.apply(&mut objects).map_err(unfit)?;
        if there && !objects.iter().any(is_operator) {
            let fault = Fault {
                seen: "takes the Deployment of the operator away".to_owned(),
                cure: "Without it nothing runs. Delete less, or destroy this resource.".to_owned(),
            };
            return Err(unfit(fault));
        }
    }
    Ok(objects)
}
