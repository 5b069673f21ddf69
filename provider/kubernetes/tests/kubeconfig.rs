//! Kubeconfigs that are refused, and that none of their secrets is told.

#![allow(clippy::unwrap_used, reason = "tests end by panicking")]

use kubernetes::{Access, Code, FromKubeconfig};

async fn refused(text: &str, context: Option<&str>) -> kubernetes::Error {
    let given = FromKubeconfig {
        text: text.to_owned().into(),
        context: context.map(str::to_owned),
    };
    Access::from_kubeconfig(given).await.err().unwrap()
}

const BASE: &str = "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: 'https://127.0.0.1:1'}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n";

#[tokio::test]
async fn what_cannot_be_used_is_told_without_its_secrets() {
    let cases = [
        (
            format!(
                "{BASE}users: [{{name: a, user: {{token: TOP-SECRET, exec: {{command: rm, apiVersion: client.authentication.k8s.io/v1}}}}}}]\n"
            ),
            None,
        ),
        (
            format!("{BASE}users: [{{name: a, user: {{token: TOP-SECRET"),
            None,
        ),
        (
            format!("{BASE}users: [{{name: a, user: {{token: TOP-SECRET}}}}]\n"),
            Some("other"),
        ),
        ("TOP-SECRET".to_owned(), None),
    ];
    for (text, context) in cases {
        let error = refused(&text, context).await;
        assert_eq!(error.code, Code::Kubeconfig, "{error}");
        assert!(!error.to_string().contains("TOP-SECRET"), "{error}");
    }
}
