//! High availability of virtual machines.

use std::collections::BTreeMap;

use crate::answer::scalars;
use crate::client::Client;
use crate::error::{Code, Error, Result};
use crate::request::{Method, Request};
use client_core::Cx;

fn sid(vmid: u32) -> String {
    format!("vm:{vmid}")
}

/// Whether an error says that the resource is not managed.
fn is_unmanaged(error: &Error) -> bool {
    matches!(error.code, Code::Failed | Code::Input)
        && (error.seen.contains("no such resource") || error.seen.contains("does not exist"))
}

impl Client {
    /// Settings of a managed virtual machine; `None` where it is not managed.
    ///
    /// # Errors
    /// What was answered.
    pub async fn ha(&self, cx: &Cx, vmid: u32) -> Result<Option<BTreeMap<String, String>>> {
        let request = Request::new(Method::Get, &["cluster", "ha", "resources", &sid(vmid)]);
        match self.call(cx, &request).await {
            Ok(data) => Ok(Some(scalars(&data))),
            Err(error) if is_unmanaged(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Manages a virtual machine.
    ///
    /// # Errors
    /// What was answered.
    pub async fn ha_add(
        &self,
        cx: &Cx,
        vmid: u32,
        settings: &BTreeMap<String, String>,
    ) -> Result<()> {
        let request = Request::new(Method::Post, &["cluster", "ha", "resources"])
            .with("sid", sid(vmid))
            .with_all(settings);
        self.call(cx, &request).await.map(|_| ())
    }

    /// Changes the settings; `unset` go back to their defaults.
    ///
    /// # Errors
    /// What was answered.
    pub async fn ha_set(
        &self,
        cx: &Cx,
        vmid: u32,
        settings: &BTreeMap<String, String>,
        unset: &[String],
    ) -> Result<()> {
        let mut request = Request::new(Method::Put, &["cluster", "ha", "resources", &sid(vmid)])
            .with_all(settings);
        if !unset.is_empty() {
            request = request.with("delete", unset.join(","));
        }
        self.call(cx, &request).await.map(|_| ())
    }

    /// Stops managing a virtual machine; one that is not managed is fine.
    ///
    /// # Errors
    /// What was answered.
    pub async fn ha_remove(&self, cx: &Cx, vmid: u32) -> Result<()> {
        let request = Request::new(Method::Delete, &["cluster", "ha", "resources", &sid(vmid)]);
        match self.call(cx, &request).await {
            Err(error) if !is_unmanaged(&error) => Err(error),
            _ => Ok(()),
        }
    }
}
