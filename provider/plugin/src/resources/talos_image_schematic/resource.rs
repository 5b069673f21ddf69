//! Create and update register the schematic at the factory and check that both mean the same one; read keeps what is
//! known, because a schematic never changes; delete leaves it to the factory.

use framework::prelude::*;

use super::document::wanted;
use super::model::ImageSchematic;
use super::{extensions, import, plan};
use crate::provider::{Data, TalosStack};
use crate::shared::access::Unusable;
use crate::shared::image_factory::ImageFactory;
use crate::shared::import as shared;

/// The resource.
pub struct TalosImageSchematic;

impl Resource for TalosImageSchematic {
    type Provider = TalosStack;
    type Model = ImageSchematic;
    type Private = ();
    const NAME: &'static str = "talos_image_schematic";

    fn validate(config: &ImageSchematic, diagnostics: &mut Diagnostics) {
        plan::validate(config, diagnostics);
    }

    fn plan(cx: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        plan::plan(cx.provider().map(Data::factory), plan)
    }

    async fn create(
        cx: &ApplyCx<Self>,
        planned: ImageSchematic,
        _config: ImageSchematic,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        slot.set(settled(cx, planned).await?);
        Ok(())
    }

    async fn read(
        _cx: &ReadCx<Self>,
        state: ImageSchematic,
        _private: (),
    ) -> Result<Read<Self>, Error> {
        Ok(Read::State {
            model: state,
            private: (),
        })
    }

    async fn update(
        cx: &ApplyCx<Self>,
        _prior: ImageSchematic,
        planned: ImageSchematic,
        _config: ImageSchematic,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        slot.set(settled(cx, planned).await?);
        Ok(())
    }

    async fn delete(
        _cx: &ApplyCx<Self>,
        _state: ImageSchematic,
        _slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn import(cx: &ReadCx<Self>, id: &str) -> Result<(ImageSchematic, ()), Error> {
        let data = cx.provider();
        let model = import::by_id(&ImageFactory::of(data)?, factory(data)?, id).await?;
        Ok((model, ()))
    }

    fn identity_attributes() -> Vec<IdentityAttribute> {
        vec![shared::required(
            "id",
            "Id of the schematic: 64 hexadecimal digits.",
        )]
    }

    fn identity(state: &ImageSchematic) -> Option<Identity> {
        Some(shared::identity([("id", state.id.as_str()?)]))
    }

    fn import_id(identity: &Identity) -> Result<String, Error> {
        Ok(shared::joined(identity, &["id"], ""))
    }

    fn movers() -> Vec<Mover<Self>> {
        vec![Mover::new(
            "siderolabs/talos",
            "talos_image_factory_schematic",
            |raw| Ok((import::moved(raw)?, ())),
        )]
    }
}

fn factory(data: &Data) -> Result<&str, Diagnostic> {
    data.factory()
        .map_err(|problem| problem.diagnostic("the Image Factory"))
}

/// The state after the factory knows the schematic, where it is to know it.
async fn settled(
    cx: &ApplyCx<TalosImageSchematic>,
    mut state: ImageSchematic,
) -> Result<ImageSchematic, Error> {
    let data = cx.provider();
    if let Some(attribute) = plan::placeholder(&state) {
        return Err(Unusable::Placeholder(attribute)
            .diagnostic("talos_image_schematic")
            .into());
    }
    plan::describe(Some(factory(data)?), &mut state)?;
    if state.register.get() == Some(&true) {
        cx.phase("registering the schematic at the Image Factory");
        register(&ImageFactory::of(data)?, &state).await?;
    }
    Ok(state)
}

/// Checks the extensions first: the factory takes any name and fails later, when it makes an image.
pub(super) async fn register(factory: &ImageFactory, state: &ImageSchematic) -> Result<(), Error> {
    let Some(wanted) = wanted(state)? else {
        return Ok(());
    };
    let schematic = wanted.schematic;
    if let Some(version) = state.talos_version.as_str()
        && !schematic.extensions.is_empty()
    {
        let known = factory.extensions(version).await?;
        extensions::check(&schematic.extensions, &known, version)?;
    }
    let theirs = factory.register(&schematic.canonical()).await?;
    let ours = schematic.id();
    if theirs == ours {
        return Ok(());
    }
    Err(Error::new(
        "TS-FACTORY-ID: the Image Factory gives the schematic another id",
        format!(
            "Planned: {ours}\nSeen: {theirs}\nCause: this factory reads schematics in another way, for instance because it adds an \
             owner.\nCure: set `schematic_yaml` to the document that this factory shows for {theirs}."
        ),
    ))
}
