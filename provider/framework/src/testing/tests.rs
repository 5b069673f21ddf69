use serde::{Deserialize, Serialize};

use super::*;
use crate::prelude::*;

/// Configuration.
#[derive(Model, Clone, Default)]
struct Config {
    /// A name.
    #[tf(optional)]
    name: Field<String>,
}

struct Toy;

impl Provider for Toy {
    type Config = Config;
    type Data = ();

    const NAME: &'static str = "toy";
    const VERSION: &'static str = "0";
    const ADDRESS: &'static str = "registry.terraform.io/x/toy";

    fn configure(_: &ConfigureCx, _: Config) -> Result<(), Error> {
        Ok(())
    }

    fn register(registry: &mut Registry<Self>) {
        registry.resource::<Thing>();
    }
}

/// A thing that misbehaves on demand.
#[derive(Model, Clone, Default, Debug, PartialEq)]
struct ThingModel {
    /// Identity.
    #[tf(computed, keep)]
    id: Field<String>,
    /// How it behaves.
    #[tf(required)]
    mode: Field<String>,
    /// Replaces it.
    #[tf(optional, replace)]
    size: Field<i64>,
    /// Changes with each update.
    #[tf(computed)]
    serial: Field<i64>,
}

#[derive(Serialize, Deserialize, Default, Clone)]
struct ThingPrivate {
    unfinished: bool,
}

struct Thing;

impl Resource for Thing {
    type Provider = Toy;
    type Model = ThingModel;
    type Private = ThingPrivate;

    const NAME: &'static str = "toy_thing";

    fn plan(_: &PlanCx<Self>, plan: &mut Plan<Self>) -> Result<(), Diagnostics> {
        if plan.prior_private.unfinished {
            plan.touch();
        }
        match plan.proposed.mode.text() {
            "impure" => {
                static CALLS: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);
                plan.proposed.serial = CALLS
                    .fetch_add(1, std::sync::atomic::Ordering::Relaxed)
                    .into();
            }
            "rewrite" => plan.proposed.mode = "other".into(),
            _ => (),
        }
        Ok(())
    }

    async fn create(
        _: &ApplyCx<Self>,
        mut planned: ThingModel,
        _: ThingModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        planned.id = "i".into();
        slot.set(planned.clone());
        match planned.mode.text() {
            "fail" => return Err(Error::new("TOY-FAILED", "As told.")),
            "resume" => {
                slot.irreversible();
                slot.private(ThingPrivate { unfinished: true });
                return Err(Error::new("TOY-UNFINISHED", "As told."));
            }
            "unknown" => return Ok(()),
            "panic" => panic!("as told"),
            _ => (),
        }
        planned.serial = Field::Known(1);
        slot.set(planned);
        Ok(())
    }

    async fn read(
        _: &ReadCx<Self>,
        state: ThingModel,
        private: ThingPrivate,
    ) -> Result<Read<Self>, Error> {
        if state.mode.text() == "vanish" {
            Ok(Read::Gone)
        } else {
            Ok(Read::state(state, private))
        }
    }

    async fn update(
        _: &ApplyCx<Self>,
        prior: ThingModel,
        mut planned: ThingModel,
        _: ThingModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        planned.serial = Field::Known(prior.serial.unwrap_or(0) + 1);
        slot.private(ThingPrivate::default());
        slot.set(planned);
        Ok(())
    }

    async fn delete(_: &ApplyCx<Self>, _: ThingModel, _: &mut Slot<Self>) -> Result<(), Error> {
        Ok(())
    }
}

fn thing(mode: &str) -> ThingModel {
    ThingModel {
        mode: mode.into(),
        ..ThingModel::default()
    }
}

fn object() -> Object<Thing> {
    MiniCore::<Toy>::configure(Config::default())
        .unwrap()
        .value
        .object()
}

fn summary(failed: Result<Planned<Thing>, Diagnostics>) -> String {
    let Err(found) = failed else {
        panic!("it was accepted")
    };
    found
        .iter()
        .map(|diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_provider_without_problems_has_none() {
    assert_eq!(schema_problems::<Toy>(), Vec::<String>::new());
}

#[tokio::test]
async fn the_life_of_an_object() {
    let mut object = object();
    assert_eq!(
        object.apply(Some(&thing("a"))).await.unwrap().change,
        Change::Create
    );
    assert_eq!(object.state().unwrap().serial, Field::Known(1));
    assert_eq!(
        object.plan(Some(&thing("a"))).await.unwrap().change,
        Change::None
    );
    let update = object.apply(Some(&thing("b"))).await.unwrap();
    assert_eq!(
        (update.change, update.model.unwrap().serial),
        (Change::Update, Field::Unknown)
    );
    assert_eq!(object.state().unwrap().serial, Field::Known(2));
    let replaced = object
        .apply(Some(&ThingModel {
            size: Field::Known(1),
            ..thing("b")
        }))
        .await
        .unwrap();
    assert_eq!(
        (replaced.change, replaced.replace),
        (Change::Replace, vec![Path::attribute("size")])
    );
    assert_eq!(object.apply(None).await.unwrap().change, Change::Destroy);
    assert!(object.state().is_none());
}

#[tokio::test]
async fn unknown_configuration_settles_during_apply() {
    let mut object = object();
    let plan = object
        .plan(Some(&ThingModel {
            size: Field::Unknown,
            ..thing("a")
        }))
        .await
        .unwrap();
    assert_eq!(plan.model.as_ref().unwrap().size, Field::Unknown);
    object
        .apply_plan(
            Some(&ThingModel {
                size: Field::Known(7),
                ..thing("a")
            }),
            &plan,
        )
        .await
        .unwrap();
    assert_eq!(object.state().unwrap().size, Field::Known(7));
}

#[tokio::test]
async fn failures_taint_unless_the_object_exists_for_good() {
    let mut failed = object();
    assert!(summary(failed.apply(Some(&thing("fail"))).await).contains("TOY-FAILED"));
    assert!(failed.is_tainted() && failed.state().is_some());
    assert_eq!(
        failed.plan(Some(&thing("a"))).await.unwrap().change,
        Change::Replace
    );

    let mut kept = object();
    let applied = kept.apply(Some(&thing("resume"))).await.unwrap();
    assert_eq!(applied.warnings.iter().count(), 1);
    assert!(!kept.is_tainted() && kept.private().unwrap().unfinished);
    assert_eq!(
        kept.apply(Some(&thing("resume"))).await.unwrap().change,
        Change::Update
    );
    assert_eq!(
        kept.plan(Some(&thing("resume"))).await.unwrap().change,
        Change::None
    );
}

#[tokio::test]
async fn bugs_are_told_with_their_place_and_keep_state() {
    assert!(
        summary(object().apply(Some(&thing("rewrite"))).await)
            .contains("TS-PROVIDER-BUG: toy_thing planned an invalid value for mode")
    );
    assert!(summary(object().apply(Some(&thing("impure"))).await).contains("planning is not pure"));
    assert!(
        summary(object().apply(Some(&thing("unknown"))).await)
            .contains("still unknown after apply")
    );
    let mut panicked = object();
    assert!(
        summary(panicked.apply(Some(&thing("panic"))).await)
            .contains("TS-PROVIDER-BUG: the provider hit a bug")
    );
    assert_eq!(panicked.state().unwrap().id, "i".into());
}

#[tokio::test]
async fn what_is_gone_is_planned_anew() {
    let mut object = object();
    object
        .assume(
            &ThingModel {
                id: "i".into(),
                serial: Field::Known(1),
                ..thing("vanish")
            },
            &ThingPrivate::default(),
        )
        .unwrap();
    assert_eq!(
        object.plan(Some(&thing("vanish"))).await.unwrap().change,
        Change::Create
    );
    assert!(
        object
            .import("x")
            .await
            .unwrap_err()
            .iter()
            .any(|diagnostic| diagnostic.summary.contains("TS-IMPORT-UNSUPPORTED"))
    );
}
