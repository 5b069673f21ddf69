use std::time::Duration;

use proto_tfplugin::health::{HealthCheckRequest, health_client::HealthClient};
use proto_tfplugin::plugin::{
    Empty, grpc_controller_client::GrpcControllerClient, grpc_stdio_client::GrpcStdioClient,
};
use proto_tfplugin::tfplugin6::{self as proto, provider_client::ProviderClient};
use tonic::Code;
use tonic::transport::Channel;

use super::*;
use crate::prelude::*;

/// Nothing.
#[derive(Model, Clone)]
struct Config {}

struct Empties;

impl Provider for Empties {
    type Config = Config;
    type Data = ();

    const NAME: &'static str = "empties";
    const VERSION: &'static str = "0";
    const ADDRESS: &'static str = "registry.terraform.io/x/empties";

    fn configure(_: &ConfigureCx, _: Config) -> Result<(), Error> {
        Ok(())
    }

    fn register(registry: &mut Registry<Self>) {
        registry.resource::<Empty1>();
        registry.ephemeral::<Lent>();
    }
}

/// An empty thing.
#[derive(Model, Clone)]
struct EmptyModel {
    /// Identity.
    #[tf(computed)]
    id: Field<String>,
}

struct Empty1;

impl Resource for Empty1 {
    type Provider = Empties;
    type Model = EmptyModel;
    type Private = ();

    const NAME: &'static str = "empties_one";

    async fn create(
        _: &ApplyCx<Self>,
        _: EmptyModel,
        _: EmptyModel,
        slot: &mut Slot<Self>,
    ) -> Result<(), Error> {
        slot.set(EmptyModel { id: "x".into() });
        Ok(())
    }

    async fn read(_: &ReadCx<Self>, state: EmptyModel, (): ()) -> Result<Read<Self>, Error> {
        Ok(Read::state(state, ()))
    }

    async fn update(
        _: &ApplyCx<Self>,
        _: EmptyModel,
        _: EmptyModel,
        _: EmptyModel,
        _: &mut Slot<Self>,
    ) -> Result<(), Error> {
        Ok(())
    }

    async fn delete(_: &ApplyCx<Self>, _: EmptyModel, _: &mut Slot<Self>) -> Result<(), Error> {
        Ok(())
    }
}

/// Leases that are open, by subject.
static LENT: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());

struct Lent;

impl Ephemeral for Lent {
    type Provider = Empties;
    type Model = EmptyModel;
    type Lease = String;

    const NAME: &'static str = "empties_lent";

    async fn open(_: &EphemeralCx<Self>, mut config: EmptyModel) -> Result<Opened<Self>, Error> {
        let lease = format!("lease {}", LENT.lock().unwrap().len());
        LENT.lock().unwrap().push(lease.clone());
        config.id = lease.clone().into();
        Ok(Opened {
            model: config,
            lease,
            renew_at: None,
        })
    }

    async fn close(_: &EphemeralCx<Self>, lease: String) -> Result<(), Error> {
        LENT.lock().unwrap().retain(|open| *open != lease);
        Ok(())
    }
}

/// After an interruption core asks for no closing: the provider closes as it ends, and nothing twice.
#[tokio::test]
async fn what_core_leaves_open_is_closed_at_the_end() {
    let (channel, running, _folder) = served().await;
    let mut client = ProviderClient::new(channel.clone());
    let configure = proto::configure_provider::Request::default();
    client.configure_provider(configure).await.unwrap();
    let config = Some(proto::DynamicValue {
        msgpack: vec![0x81, 0xa2, b'i', b'd', 0xc0],
        json: Vec::new(),
    });
    let mut leases = Vec::new();
    for _ in 0..2 {
        let request = proto::open_ephemeral_resource::Request {
            type_name: "empties_lent".into(),
            config: config.clone(),
            client_capabilities: None,
        };
        let opened = client.open_ephemeral_resource(request).await.unwrap();
        leases.push(opened.into_inner().private);
    }
    let close = proto::close_ephemeral_resource::Request {
        type_name: "empties_lent".into(),
        private: leases[0].clone(),
    };
    client.close_ephemeral_resource(close).await.unwrap();
    assert_eq!(*LENT.lock().unwrap(), ["lease 1"]);
    GrpcControllerClient::new(channel)
        .shutdown(Empty {})
        .await
        .unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(2), running).await;
    ended.unwrap().unwrap().unwrap();
    assert!(LENT.lock().unwrap().is_empty());
}

/// A served provider, a connection to it, and the task that ends with it.
async fn served() -> (
    Channel,
    tokio::task::JoinHandle<Result<(), String>>,
    SocketFolder,
) {
    let folder = SocketFolder::create(None).unwrap();
    let listener = folder.listen().unwrap();
    let running = tokio::spawn(run::<Empties>(listener, None));
    let channel = connect(folder.socket().display().to_string())
        .await
        .unwrap();
    (channel, running, folder)
}

#[tokio::test]
async fn the_host_finds_its_services_and_ends_the_process() {
    let (channel, running, _folder) = served().await;
    let health = HealthClient::new(channel.clone())
        .check(HealthCheckRequest {
            service: "plugin".into(),
        })
        .await
        .unwrap();
    assert_eq!(health.into_inner().status, 1);
    let unknown = HealthClient::new(channel.clone())
        .check(HealthCheckRequest {
            service: "x".into(),
        })
        .await;
    assert_eq!(unknown.unwrap_err().code(), Code::NotFound);
    let mut output = GrpcStdioClient::new(channel.clone())
        .stream_stdio(())
        .await
        .unwrap()
        .into_inner();
    let silence = tokio::time::timeout(Duration::from_millis(50), output.message()).await;
    assert!(silence.is_err(), "output must stay open and silent");
    GrpcControllerClient::new(channel)
        .shutdown(Empty {})
        .await
        .unwrap();
    tokio::time::timeout(Duration::from_secs(2), running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn it_ends_when_the_connection_does() {
    let (channel, running, _folder) = served().await;
    ProviderClient::new(channel.clone())
        .stop_provider(proto::stop_provider::Request {})
        .await
        .unwrap();
    drop(channel);
    tokio::time::timeout(Duration::from_secs(2), running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn what_is_not_supported_is_unimplemented() {
    let (channel, _running, _folder) = served().await;
    let mut client = ProviderClient::new(channel);
    let codes = [
        client
            .plan_action(proto::plan_action::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .validate_action_config(proto::validate_action_config::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .invoke_action(proto::invoke_action::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .list_resource(proto::list_resource::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .validate_list_resource_config(proto::validate_list_resource_config::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .generate_resource_config(proto::generate_resource_config::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .validate_state_store_config(proto::validate_state_store::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .configure_state_store(proto::configure_state_store::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .read_state_bytes(proto::read_state_bytes::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .write_state_bytes(tokio_stream::empty())
            .await
            .unwrap_err()
            .code(),
        client
            .lock_state(proto::lock_state::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .unlock_state(proto::unlock_state::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .get_states(proto::get_states::Request::default())
            .await
            .unwrap_err()
            .code(),
        client
            .delete_state(proto::delete_state::Request::default())
            .await
            .unwrap_err()
            .code(),
    ];
    assert_eq!(codes, [Code::Unimplemented; 14]);
}

#[tokio::test]
async fn the_other_twenty_two_answer() {
    let (channel, _running, _folder) = served().await;
    let mut client = ProviderClient::new(channel);
    let schema = client
        .get_provider_schema(proto::get_provider_schema::Request {})
        .await
        .unwrap()
        .into_inner();
    let capabilities = schema.server_capabilities.unwrap();
    assert!(
        capabilities.plan_destroy
            && capabilities.get_provider_schema_optional
            && !capabilities.move_resource_state
    );
    assert!(schema.provider.is_some() && schema.resource_schemas.contains_key("empties_one"));
    assert!(
        schema.action_schemas.is_empty()
            && schema.list_resource_schemas.is_empty()
            && schema.state_store_schemas.is_empty()
    );
    assert_eq!(
        client
            .get_metadata(proto::get_metadata::Request {})
            .await
            .unwrap()
            .into_inner()
            .resources
            .len(),
        1
    );
    let identities = client
        .get_resource_identity_schemas(proto::get_resource_identity_schemas::Request {})
        .await
        .unwrap();
    assert!(identities.into_inner().identity_schemas.is_empty());
    assert!(
        client
            .get_functions(proto::get_functions::Request {})
            .await
            .unwrap()
            .into_inner()
            .functions
            .is_empty()
    );
    let failed = client
        .call_function(proto::call_function::Request::default())
        .await
        .unwrap()
        .into_inner();
    assert!(failed.error.is_some());
}

/// Failures are diagnostics on every RPC that has them: a status would make core forget objects.
#[tokio::test]
async fn failures_are_diagnostics() {
    let (channel, _running, _folder) = served().await;
    let mut client = ProviderClient::new(channel);
    macro_rules! told {
        ($rpc:ident, $message:ident) => {
            client
                .$rpc(proto::$message::Request::default())
                .await
                .unwrap()
                .into_inner()
                .diagnostics
                .len()
        };
    }
    let told = [
        told!(validate_resource_config, validate_resource_config),
        told!(upgrade_resource_state, upgrade_resource_state),
        told!(upgrade_resource_identity, upgrade_resource_identity),
        told!(read_resource, read_resource),
        told!(plan_resource_change, plan_resource_change),
        told!(apply_resource_change, apply_resource_change),
        told!(import_resource_state, import_resource_state),
        told!(move_resource_state, move_resource_state),
        told!(validate_data_resource_config, validate_data_resource_config),
        told!(read_data_source, read_data_source),
        told!(
            validate_ephemeral_resource_config,
            validate_ephemeral_resource_config
        ),
        told!(open_ephemeral_resource, open_ephemeral_resource),
        told!(renew_ephemeral_resource, renew_ephemeral_resource),
        told!(close_ephemeral_resource, close_ephemeral_resource),
    ];
    assert_eq!(told, [1; 14]);
    assert_eq!(
        (
            told!(validate_provider_config, validate_provider_config),
            told!(configure_provider, configure_provider)
        ),
        (0, 0)
    );
    let import = proto::import_resource_state::Request {
        type_name: "empties_one".into(),
        ..Default::default()
    };
    let refused = client
        .import_resource_state(import)
        .await
        .unwrap()
        .into_inner();
    assert!(
        refused.diagnostics[0].summary.contains("TS-IMPORT-ID")
            && refused.imported_resources.is_empty()
    );
}

#[tokio::test]
async fn garbage_is_a_diagnostic_and_state_comes_back_untouched() {
    let (channel, _running, _folder) = served().await;
    let mut client = ProviderClient::new(channel);
    client
        .configure_provider(proto::configure_provider::Request::default())
        .await
        .unwrap();
    let garbage = proto::DynamicValue {
        msgpack: vec![0x01],
        json: Vec::new(),
    };
    let request = proto::read_resource::Request {
        type_name: "empties_one".into(),
        current_state: Some(garbage.clone()),
        private: vec![9],
        ..Default::default()
    };
    let answer = client.read_resource(request).await.unwrap().into_inner();
    assert_eq!((answer.new_state, answer.private), (Some(garbage), vec![9]));
    assert!(answer.diagnostics[0].summary.contains("TS-PROTOCOL"));
}
