//! The provider in unit tests.

use framework::prelude::*;
use framework::testing::MiniCore;

use crate::provider::{Data, ProviderModel, TalosStack, UnreachableDestroy};

/// The provider as a block with nothing but a name configures it, with no environment.
pub fn data() -> Data {
    let config = ProviderModel {
        cluster_name: "c1".into(),
        ..ProviderModel::empty()
    };
    Data::new(config, &|_| None).unwrap_or_else(|error| panic!("{:?}", error.diagnostics()))
}

/// The provider with an Image Factory of its own.
pub fn core(factory_url: &str) -> MiniCore<TalosStack> {
    let mut data = data();
    data.factory_url = factory_url.into();
    MiniCore::with_data(data)
}

/// The same provider, where destroy may leave behind what nobody answers for.
pub fn forgetful(mut data: Data) -> Data {
    data.unreachable_destroy = UnreachableDestroy::Forget;
    data
}

/// All that a user is told, on one line each.
pub fn told(found: &Diagnostics) -> String {
    let line = |diagnostic: &Diagnostic| format!("{}: {}", diagnostic.summary, diagnostic.detail);
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a look at a configuration, before any plan, tells of it.
pub fn told_by<M>(validate: fn(&M, &mut Diagnostics), config: &M) -> String {
    let mut found = Diagnostics::new();
    validate(config, &mut found);
    told(&found)
}

/// No type breaks a rule of core.
#[test]
fn core_takes_the_schema_of_every_type() {
    assert_eq!(
        framework::testing::schema_problems::<TalosStack>(),
        Vec::<String>::new()
    );
}
