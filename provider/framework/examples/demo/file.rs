//! `demo_file`: a file, with drift, write-only content and deliberate faults.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use framework::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Demo;

/// A file in the provider's folder.
#[derive(Model, Clone, Default)]
pub struct FileModel {
    /// The file's name.
    #[tf(computed, keep)]
    pub id: Field<String>,
    /// The file's name. A change makes a new file.
    #[tf(required, replace)]
    pub name: Field<String>,
    /// What is written.
    #[tf(optional)]
    pub content: Field<String>,
    /// What is written, not stored in state.
    #[tf(optional, write_only)]
    pub content_wo: Field<Secret<String>>,
    /// What to do about changes by others.
    #[tf(default = "report", one_of("report", "revert"))]
    pub drift: Field<String>,
    /// Names to remember.
    #[tf(optional)]
    pub tags: Field<Vec<String>>,
    /// Who may do what, by name.
    #[tf(optional)]
    pub owners: Field<BTreeMap<String, Owner>>,
    /// Bytes in the file.
    #[tf(computed)]
    pub size: Field<i64>,
    /// A fault to act out: `panic`, `fail`, `hang`, `lie`.
    #[tf(optional)]
    pub fault: Field<String>,
    /// How long operations may take.
    #[tf(optional)]
    pub timeouts: Field<Timeouts>,
}

/// One owner.
#[derive(Model, Clone)]
pub struct Owner {
    /// What the owner may do.
    #[tf(required)]
    pub role: Field<String>,
    /// The number the owner got.
    #[tf(computed)]
    pub number: Field<i64>,
}

/// Kept beside the attributes: what core cannot compare.
#[derive(Serialize, Deserialize, Default, Clone, Debug, PartialEq)]
pub struct FilePrivate {
    /// Length of the content as we wrote it; stands for a keyed digest.
    pub written: Option<i64>,
    /// The file differs from what was written.
    pub drifted: bool,
}

pub struct File;

impl Resource for File {
    type Provider = Demo;
    type Model = FileModel;
    type Private = FilePrivate;

    const NAME: &'static str = "demo_file";

    fn validate(config: &FileModel, found: &mut Diagnostics) {
        if config.content.is_known() && config.content_wo.is_known() {
            found.error_at(
                "content_wo",
                "DEMO-TWO-CONTENTS content is given twice",
                "Write either content or content_wo.",
            );
        }
        if config.name.as_str().is_some_and(|name| name.contains('/')) {
            found.error_at(
                "name",
                "DEMO-NAME the name holds a slash",
                "Write a plain file name.",
            );
        }
    }

    fn plan(_: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        if plan.is_destroy() {
            if plan
                .prior
                .as_ref()
                .is_some_and(|prior| prior.fault.text() == "keep")
            {
                plan.error("DEMO-KEPT the file is protected", "Take fault out first.");
            }
            return Ok(());
        }
        let content = content(&plan.config);
        let length = content.as_ref().map(|content| content.len() as i64);
        let secret_changed =
            plan.config.content_wo.is_known() && length != plan.prior_private.written;
        let revert = plan.prior_private.drifted && plan.proposed.drift.text() == "revert";
        if plan.is_update() && (secret_changed || revert) {
            plan.touch();
        }
        if plan.prior_private.drifted && !revert {
            let name = plan.proposed.name.text().to_owned();
            plan.warn(
                format!("DEMO-DRIFT {name} was changed by others"),
                "Set drift = \"revert\" to write it again.",
            );
        }
        if let (Field::Unknown, Some(length)) = (&plan.proposed.size, length) {
            plan.proposed.size = Field::Known(length);
        }
        Ok(())
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: FileModel,
        config: FileModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        write(cx, planned, &config, slot).await
    }

    async fn read(
        cx: &ReadCx<Self>,
        mut state: FileModel,
        mut private: FilePrivate,
    ) -> Result<Read<Self>, Error> {
        let Ok(text) = fs::read_to_string(cx.provider().path(state.name.text())?) else {
            return Ok(Read::Gone);
        };
        let length = text.len() as i64;
        private.drifted = private.written.is_some_and(|written| written != length);
        state.size = Field::Known(length);
        state.id = state.name.clone();
        Ok(Read::state(state, private))
    }

    async fn update(
        cx: &ApplyCx<Self>,
        _: FileModel,
        planned: FileModel,
        config: FileModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        write(cx, planned, &config, slot).await
    }

    async fn delete(cx: &ApplyCx<Self>, state: FileModel, _: &mut Slot<Self>) -> Result<(), Error> {
        if state.fault.text() == "stay" {
            return Err(Error::new("DEMO-STAYS the file stays", "It was told to."));
        }
        // Gone already is as good as gone.
        let _ = fs::remove_file(cx.provider().path(state.name.text())?);
        Ok(())
    }

    async fn import(_: &ReadCx<Self>, id: &str) -> Result<(FileModel, FilePrivate), Error> {
        let model = FileModel {
            id: id.into(),
            name: id.into(),
            drift: "report".into(),
            ..FileModel::default()
        };
        Ok((model, FilePrivate::default()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![IdentityAttribute {
            name: "name",
            description: "The file's name.",
            required: true,
        }]
    }

    fn identity(state: &FileModel) -> Option<Identity> {
        let name = state.name.as_str()?.to_owned();
        Some(Identity::from([("name".to_owned(), name)]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(identity.get("name").cloned().unwrap_or_default())
    }

    fn movers() -> Vec<Mover<Self>> {
        vec![Mover::new("builtin/terraform", "terraform_data", |raw| {
            let name = raw["output"]["value"]
                .as_str()
                .or(raw["output"].as_str())
                .unwrap_or_default();
            let model = FileModel {
                id: name.into(),
                name: name.into(),
                drift: "report".into(),
                ..FileModel::default()
            };
            Ok((model, FilePrivate::default()))
        })]
    }
}

fn content(config: &FileModel) -> Option<String> {
    if config.content.is_unknown() || config.content_wo.is_unknown() {
        return None;
    }
    let secret = config
        .content_wo
        .get()
        .map(|secret| secret.expose().clone());
    Some(
        secret
            .or_else(|| config.content.cloned())
            .unwrap_or_default(),
    )
}

async fn write(
    cx: &ApplyCx<File>,
    planned: FileModel,
    config: &FileModel,
    slot: &mut Slot<File>,
) -> Result<(), Error> {
    let text = content(config).unwrap_or_default();
    let name = planned.name.text().to_owned();
    cx.phase(format!("writing {name}"));
    fs::write(cx.provider().path(&name)?, &text)
        .map_err(|error| Error::new("DEMO-WRITE the file cannot be written", error.to_string()))?;
    let mut state = planned.clone();
    state.id = name.into();
    state.size = Field::Known(text.len() as i64);
    if let Field::Known(owners) = &mut state.owners {
        for (number, owner) in owners.values_mut().enumerate() {
            owner.number = Field::Known(number as i64);
        }
    }
    slot.private(FilePrivate {
        written: Some(text.len() as i64),
        drifted: false,
    });
    slot.set(state.clone());
    fault(cx, planned.fault.text(), state, slot).await
}

async fn fault(
    cx: &ApplyCx<File>,
    fault: &str,
    mut state: FileModel,
    slot: &mut Slot<File>,
) -> Result<(), Error> {
    match fault {
        "panic" => panic!("acted out"),
        "fail" => {
            Err(Error::new("DEMO-FAILED the file was told to fail", "And it did.").at("fault"))
        }
        "warn" => {
            slot.irreversible();
            Err(Error::new(
                "DEMO-UNFINISHED the file is unfinished",
                "The next apply goes on.",
            ))
        }
        "hang" => {
            cx.phase("hanging as told");
            cx.cancelled().await;
            tokio::time::sleep(Duration::from_secs(3600)).await;
            Ok(())
        }
        "stop" => {
            cx.phase("waiting to be stopped");
            cx.cancelled().await;
            Err(Error::new("DEMO-STOPPED it was stopped", "As expected."))
        }
        "lie" => {
            state.name = "another".into();
            slot.set(state);
            Ok(())
        }
        _ => Ok(()),
    }
}
