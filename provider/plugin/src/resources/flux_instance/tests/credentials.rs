//! Credentials of the sync: what is refused, what is written, what is noticed.

use super::*;
use crate::resources::flux_instance::model::GithubApp;

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIhunter3\n-----END RSA PRIVATE KEY-----\n";

fn app() -> GithubApp {
    GithubApp {
        app_id: "12".into(),
        installation_id: "34".into(),
        installation_owner: Field::Null,
        private_key: Field::Null,
        private_key_wo: secret(PEM),
        private_key_wo_version: Field::Null,
        base_url: Field::Null,
    }
}

/// No member set.
fn nothing() -> GitAuth {
    GitAuth {
        password_wo: Field::Null,
        ..auth()
    }
}

/// A configuration that logs in as a GitHub App.
fn as_app() -> FluxInstance {
    let mut config = FluxInstance {
        git_auth: Field::Known(GitAuth {
            github_app: Field::Known(app()),
            ..nothing()
        }),
        ..config()
    };
    config.sync.get_mut().unwrap().provider = "github".into();
    config
}

fn found(config: &FluxInstance) -> String {
    told_by(validate, config)
}

/// What is told about a configuration with a GitHub App after a change.
fn with_app(change: impl FnOnce(&mut FluxInstance, &mut GithubApp)) -> String {
    let (mut config, mut app) = (as_app(), app());
    change(&mut config, &mut app);
    config.git_auth.get_mut().unwrap().github_app = Field::Known(app);
    found(&config)
}

/// What is told about other credentials, with an address.
fn with(url: &str, change: impl FnOnce(&mut GitAuth)) -> String {
    let mut auth = nothing();
    change(&mut auth);
    let mut config = FluxInstance {
        git_auth: Field::Known(auth),
        ..config()
    };
    config.sync.get_mut().unwrap().url = url.into();
    found(&config)
}

#[test]
fn a_github_app_becomes_the_secret_that_flux_reads() {
    let mut model = placed(as_app());
    let app = model.git_auth.get_mut().unwrap().github_app.get_mut();
    app.unwrap().base_url = "https://github.example.com/api/v3".into();
    let made = &secrets(&model, "flux-system")["flux-system"];
    let data = made["data"].as_object().unwrap();
    let keys: Vec<&String> = data.keys().collect();
    let wanted = [
        "githubAppBaseURL",
        "githubAppID",
        "githubAppInstallationID",
        "githubAppPrivateKey",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(data["githubAppID"], "MTI=");
    assert_eq!(data["githubAppInstallationID"], "MzQ=");
    assert_eq!(made["type"], "Opaque");
    let object = instance(&model).unwrap();
    assert_eq!(object["spec"]["sync"]["pullSecret"], "flux-system");
    assert_eq!(object["spec"]["sync"]["provider"], "github");
    assert!(!object.to_string().contains("hunter3"));
}

#[test]
fn a_github_app_must_be_whole_and_fit_the_sync() {
    assert_eq!(found(&as_app()), "");
    type Change = fn(&mut FluxInstance, &mut GithubApp);
    let cases: [(Change, &[&str]); 12] = [
        (
            |config, _| config.sync.get_mut().unwrap().provider = Field::Null,
            &["git_auth.github_app", "sync.provider is not set"],
        ),
        (
            |config, _| config.sync.get_mut().unwrap().provider = "generic".into(),
            &["git_auth.github_app", "sync.provider is \"generic\""],
        ),
        (
            |config, _| config.sync.get_mut().unwrap().url = "ssh://git@github.com/a/b".into(),
            &["git_auth.github_app", "sync.url", "https://"],
        ),
        (
            |_, app| app.installation_id = Field::Null,
            &["installation_id", "installation_owner"],
        ),
        (
            |_, app| app.installation_owner = "acme".into(),
            &["installation_id and installation_owner"],
        ),
        (
            |_, app| {
                app.installation_id = Field::Null;
                app.installation_owner = "acme".into();
            },
            &["installation_owner", "distribution.version \"v2.7.5\""],
        ),
        (
            |_, app| app.app_id = "Iv1.abc".into(),
            &["git_auth.github_app.app_id", "\"Iv1.abc\""],
        ),
        (
            |_, app| app.private_key = secret(PEM),
            &["git_auth.github_app.private_key is given twice"],
        ),
        (
            |_, app| app.private_key_wo = Field::Null,
            &["no private key", "private_key_wo"],
        ),
        (
            |_, app| app.private_key_wo = secret("hunter3"),
            &["no PEM private key", ".pem file"],
        ),
        (
            |_, app| app.base_url = "github.example.com".into(),
            &["base_url", "https://github.example.com/api/v3"],
        ),
        (
            |config, _| config.sync = Field::Null,
            &["git_auth without sync"],
        ),
    ];
    for (change, parts) in cases {
        let told = with_app(change);
        assert!(parts.iter().all(|part| told.contains(part)), "{told}");
        assert!(!told.contains("hunter3"), "{told}");
    }
    let newer = with_app(|config, app| {
        config.distribution.get_mut().unwrap().version = "2.8.x".into();
        app.installation_id = Field::Null;
        app.installation_owner = "acme".into();
    });
    assert_eq!(newer, "");
}

#[test]
fn the_provider_github_asks_for_a_github_app() {
    let mut config = FluxInstance {
        git_auth: Field::Known(auth()),
        ..config()
    };
    config.sync.get_mut().unwrap().provider = "github".into();
    let told = found(&config);
    assert!(
        told.contains("sync.provider") && told.contains("git_auth.github_app"),
        "{told}"
    );
    config.git_auth = Field::Null;
    assert!(found(&config).contains("git_auth.github_app"));
    config.sync.get_mut().unwrap().pull_secret = "mine".into();
    assert_eq!(found(&config), "");
}

#[test]
fn credentials_are_of_one_kind_and_for_their_protocol() {
    let (web, ssh) = ("https://git.example.com/a.git", "ssh://git@example.com/a");
    let key = |auth: &mut GitAuth| {
        auth.identity_wo = secret("key");
        auth.known_hosts = "example.com ssh-ed25519 AAAA".into();
    };
    let both = |auth: &mut GitAuth| {
        auth.password_wo = secret("hunter2");
        auth.bearer_token = secret("hunter2");
    };
    assert!(with(web, both).contains("git_auth has password and bearer_token"));
    assert!(with(web, key).contains("git_auth.identity with sync.url"));
    assert!(
        with(ssh, |auth| auth.password_wo = secret("hunter2"))
            .contains("git_auth.password with sync.url")
    );
    assert_eq!(with(ssh, key), "");
    // Beside a key, a password is its passphrase.
    let told = with(ssh, |auth| {
        key(auth);
        auth.password_wo = secret("hunter2");
    });
    assert_eq!(told, "");
    assert!(
        with(ssh, |auth| auth.identity = secret("key")).contains("identity has no known_hosts")
    );
    assert!(with(web, |auth| auth.username = "a".into()).contains("username has no password"));
    assert!(with("git@example.com:a", key).contains("ssh://git@host/path"));
    let mut artifact = config();
    artifact.sync.get_mut().unwrap().kind = "OCIRepository".into();
    assert!(found(&artifact).contains("oci://registry/repository"));
    artifact.sync.get_mut().unwrap().url = "oci://example.com/a".into();
    assert_eq!(found(&artifact), "");
    let of_a_bucket = |config: &mut FluxInstance| {
        config.git_auth = Field::Known(auth());
        config.sync.get_mut().unwrap().kind = "Bucket".into();
    };
    let mut bucket = config();
    of_a_bucket(&mut bucket);
    assert!(found(&bucket).contains("sync.pull_secret"));
}

#[test]
fn one_secret_does_not_hold_the_age_key_and_the_credentials() {
    let mut config = FluxInstance {
        git_auth: Field::Known(auth()),
        ..config()
    };
    assert_eq!(found(&config), "");
    config.sops.get_mut().unwrap().secret_name = "flux-system".into();
    assert!(found(&config).contains("go to one secret, \"flux-system\""));
}

#[test]
fn placeholders_and_unknown_values_are_no_reason_to_refuse() {
    let told = with_app(|config, app| {
        *app = GithubApp {
            app_id: "mock".into(),
            installation_id: Field::Unknown,
            private_key_wo: secret("mock"),
            base_url: "https://github.invalid".into(),
            ..app.clone()
        };
        config.sync.get_mut().unwrap().url = "mock".into();
        config.extra_spec = "mock".into();
    });
    assert_eq!(told, "");
    assert_eq!(with("https://git.invalid/a", |_| ()), "");
}

#[tokio::test]
async fn placeholders_are_told_at_plan_and_refused_at_apply() {
    type Change = fn(&mut FluxInstance);
    let cases: [(&str, Change); 5] = [
        ("git_auth", |config| {
            config.git_auth = Field::Known(nothing());
        }),
        ("git_auth", |config| {
            let auth = config.git_auth.get_mut().unwrap();
            auth.github_app.get_mut().unwrap().private_key_wo = secret("mock");
        }),
        ("sync.url", |config| {
            config.sync.get_mut().unwrap().url = "https://git.invalid/a".into();
        }),
        ("extra_spec", |config| config.extra_spec = "mock".into()),
        ("kustomize_patches", |config| {
            config.kustomize_patches = Field::Known(vec![KustomizePatch {
                patch: "mock".into(),
                target: Field::Null,
            }]);
        }),
    ];
    for (attribute, change) in cases {
        let (api, reached) = reaching("none").await;
        let mut config = FluxInstance {
            kubernetes: reached.kubernetes,
            ..as_app()
        };
        change(&mut config);
        if config.git_auth == Field::Known(nothing()) {
            config.sync.get_mut().unwrap().provider = Field::Null;
        }
        let core = MiniCore::with_data(data());
        let mut object = core.object::<FluxInstanceResource>();
        let plan = object.plan(Some(&config)).await.unwrap();
        let told_at_plan = told(&plan.warnings);
        assert!(told_at_plan.contains(attribute), "{told_at_plan}");
        let refused = object.apply_plan(Some(&config), &plan).await;
        let refused = told(&refused.err().unwrap());
        assert!(
            refused.contains("TS-PLACEHOLDER") && refused.contains(attribute),
            "{refused}"
        );
        assert_eq!(api.writes(), Vec::<String>::new());
    }
}

const AUTH: &str = "/api/v1/namespaces/flux-system/secrets/flux-system";

#[tokio::test]
async fn the_secret_of_a_github_app_is_written_and_its_key_is_stored_nowhere() {
    let (api, reached) = reaching("none").await;
    // The namespace is left out, as most configurations do.
    let config = FluxInstance {
        kubernetes: reached.kubernetes,
        wait: "none".into(),
        ..as_app()
    };
    assert!(config.namespace.is_null());
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxInstanceResource>();
    object.apply(Some(&config)).await.unwrap();
    let live = api.at(AUTH).unwrap();
    assert_eq!(live["data"]["githubAppID"], "MTI=");
    assert_eq!(
        api.at(INSTANCE).unwrap()["spec"]["sync"]["pullSecret"],
        "flux-system"
    );
    let state = object.state().unwrap();
    let app = state.git_auth.get().unwrap().github_app.get().unwrap();
    assert!(app.private_key_wo.is_null() && app.private_key.is_null());
    let plan = object.plan(Some(&config)).await.unwrap();
    assert_eq!(plan.change, Change::None, "{}", told(&plan.warnings));
    // Another key, whatever its version says.
    let mut other = config.clone();
    let auth = other.git_auth.get_mut().unwrap();
    auth.github_app.get_mut().unwrap().private_key_wo = secret(&PEM.replace("hunter3", "hunter4"));
    let plan = object.plan(Some(&other)).await.unwrap();
    let said = told(&plan.warnings);
    assert_eq!(plan.change, Change::Update);
    assert!(
        said.contains("TS-FLUX-SECRET") && said.contains("flux-system") && !said.contains("hunter"),
        "{said}"
    );
    object.apply(Some(&other)).await.unwrap();
    assert_ne!(api.at(AUTH).unwrap(), live);
    object.apply(None).await.unwrap();
    assert_eq!(api.at(AUTH), None);
}

#[tokio::test]
async fn a_key_that_is_not_known_yet_hides_no_other_one_that_changed() {
    let core = MiniCore::with_data(data());
    let before = FluxInstance {
        git_auth: Field::Known(auth()),
        ..config()
    };
    let salt = "salt".to_owned();
    let private = Private {
        secrets: digests(&secrets(&before, "flux-system"), &salt),
        salt,
        ..Private::default()
    };
    let mut object = core.object::<FluxInstanceResource>();
    let mut state = applied(&core, private.clone()).state().unwrap();
    state.git_auth = Field::Known(nothing());
    object.assume(&state, &private).unwrap();
    let mut after = before.clone();
    after.sops.get_mut().unwrap().age_key_wo = Field::Unknown;
    let plan = object.plan_only(Some(&after)).unwrap();
    assert_eq!(plan.change, Change::None, "{}", told(&plan.warnings));
    after.git_auth.get_mut().unwrap().password_wo = secret("hunter4");
    let plan = object.plan_only(Some(&after)).unwrap();
    let said = told(&plan.warnings);
    assert!(said.contains("Their values changed: flux-system"), "{said}");
    after.git_auth.get_mut().unwrap().password_wo = Field::Unknown;
    let plan = object.plan_only(Some(&after)).unwrap();
    assert_eq!(plan.change, Change::None, "{}", told(&plan.warnings));
}

#[tokio::test]
async fn a_secret_outlives_no_create_that_fails_after_it() {
    let (api, config) = reaching("none").await;
    api.refuse(INSTANCE);
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxInstanceResource>();
    let failed = object.apply(Some(&config)).await.err().unwrap();
    assert!(told(&failed).contains("TS-K8S-PERMISSION"));
    assert!(api.at(SECRET).is_some() && object.is_tainted());
    api.refuse("");
    object.apply(None).await.unwrap();
    assert_eq!(api.at(SECRET), None);
}

#[test]
fn what_is_not_known_yet_contradicts_nothing() {
    let (web, ssh) = ("https://git.example.com/a.git", "ssh://git@example.com/a");
    // A module passes each kind from a variable that may be null.
    let all_unknown = |auth: &mut GitAuth| {
        *auth = GitAuth {
            username: Field::Unknown,
            password: Field::Unknown,
            password_wo: Field::Unknown,
            bearer_token: Field::Unknown,
            bearer_token_wo: Field::Unknown,
            identity: Field::Unknown,
            identity_wo: Field::Unknown,
            known_hosts: Field::Unknown,
            github_app: Field::Unknown,
        };
    };
    for url in [web, ssh] {
        assert_eq!(with(url, all_unknown), "");
    }
    let one = |url, change: fn(&mut GitAuth)| {
        let mut changed = nothing();
        all_unknown(&mut changed);
        change(&mut changed);
        with(url, |auth| *auth = changed)
    };
    assert_eq!(one(web, |auth| auth.password_wo = secret("hunter2")), "");
    // It may be the passphrase of the key.
    assert_eq!(one(ssh, |auth| auth.password_wo = secret("hunter2")), "");
    assert_eq!(one(web, |auth| auth.bearer_token_wo = secret("a")), "");
    assert_eq!(one(ssh, |auth| auth.identity_wo = secret("key")), "");
    let hosts = "example.com ssh-ed25519 AAAA";
    let alone = |change: fn(&mut GitAuth)| with(ssh, change);
    assert_eq!(alone(|auth| auth.username = Field::Unknown), "");
    assert_eq!(alone(|auth| auth.known_hosts = Field::Unknown), "");
    assert_eq!(alone(|auth| auth.identity_wo = Field::Unknown), "");
    // What is known contradicts itself whatever the rest turns out to be.
    let both = one(web, |auth| {
        auth.bearer_token = secret("a");
        auth.identity_wo = secret("key");
    });
    assert!(both.contains("git_auth has bearer_token and identity"));
    let twice = one(web, |auth| {
        auth.bearer_token = secret("a");
        auth.bearer_token_wo = secret("a");
    });
    assert!(twice.contains("git_auth.bearer_token is given twice"));
    let told = with(ssh, |auth| auth.known_hosts = hosts.into());
    assert!(told.contains("known_hosts has no identity"), "{told}");
}

#[test]
fn unknown_members_of_an_app_of_sops_and_of_sync_contradict_nothing() {
    let told = with_app(|config, app| {
        app.installation_owner = Field::Unknown;
        app.private_key = Field::Unknown;
        config.sops.get_mut().unwrap().age_key = Field::Unknown;
    });
    assert_eq!(told, "");
    let owner = with_app(|_, app| {
        app.installation_id = Field::Null;
        app.installation_owner = Field::Unknown;
    });
    assert_eq!(owner, "");
    let mut named = FluxInstance {
        git_auth: Field::Known(auth()),
        ..config()
    };
    named.sops.get_mut().unwrap().secret_name = "flux-system".into();
    named.sync.get_mut().unwrap().pull_secret = Field::Unknown;
    assert_eq!(found(&named), "");
    let mut cloud = config();
    cloud.sync.get_mut().unwrap().provider = "gcp".into();
    cloud.sync.get_mut().unwrap().kind = Field::Unknown;
    assert_eq!(found(&cloud), "");
}

#[tokio::test]
async fn what_turns_out_to_contradict_itself_is_refused_at_apply() {
    let (api, reached) = reaching("none").await;
    let with_token = |bearer_token_wo| FluxInstance {
        git_auth: Field::Known(GitAuth {
            bearer_token_wo,
            ..auth()
        }),
        ..reached.clone()
    };
    let core = MiniCore::with_data(data());
    let mut object = core.object::<FluxInstanceResource>();
    let before = with_token(Field::Unknown);
    let plan = object.plan(Some(&before)).await.unwrap();
    let refused = object
        .apply_plan(Some(&with_token(secret("hunter2"))), &plan)
        .await;
    let refused = told(&refused.err().unwrap());
    assert!(
        refused.contains("git_auth has password and bearer_token"),
        "{refused}"
    );
    assert_eq!(api.writes(), Vec::<String>::new());
    let plan = object.plan(Some(&before)).await.unwrap();
    let after = with_token(Field::Null);
    object.apply_plan(Some(&after), &plan).await.unwrap();
    assert!(api.at(AUTH).unwrap()["data"]["bearerToken"].is_null());
}

const RENAMED: &str = "/api/v1/namespaces/flux-system/secrets/keys";

#[tokio::test]
async fn a_secret_of_another_name_is_taken_away_though_an_apply_failed_in_between() {
    for destroyed in [false, true] {
        let (api, config) = reaching("none").await;
        let core = MiniCore::with_data(data());
        let mut object = core.object::<FluxInstanceResource>();
        object.apply(Some(&config)).await.unwrap();
        let mut renamed = config.clone();
        renamed.sops.get_mut().unwrap().secret_name = "keys".into();
        api.refuse(INSTANCE);
        assert!(object.apply(Some(&renamed)).await.is_err());
        assert!(api.at(SECRET).is_some() && api.at(RENAMED).is_some());
        api.refuse("");
        if destroyed {
            object.apply(None).await.unwrap();
            assert_eq!(api.at(RENAMED), None);
        } else {
            object.apply(Some(&renamed)).await.unwrap();
            assert!(api.at(RENAMED).is_some());
            assert!(object.private().unwrap().stale.is_empty());
        }
        assert_eq!(api.at(SECRET), None);
    }
}
