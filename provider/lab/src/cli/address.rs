//! Addresses on the namespace's loopback: what is there can be served and dialled, nothing else.

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

use futures::TryStreamExt;
use rtnetlink::{Handle, LinkUnspec};

use crate::talos::Addresses;

/// The loopback of the lab's network.
pub(super) struct Loopback {
    handle: Handle,
    index: u32,
}

impl Loopback {
    /// Finds the loopback and switches it on.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) async fn up() -> Result<Self, String> {
        let failed = |error: rtnetlink::Error| format!("cannot set up the loopback: {error}");
        let (connection, handle, _) = rtnetlink::new_connection()
            .map_err(|error| format!("cannot reach the kernel's network: {error}"))?;
        tokio::spawn(connection);
        let mut links = handle.link().get().match_name("lo".to_owned()).execute();
        let link = links.try_next().await.map_err(failed)?;
        let index = link
            .map(|link| link.header.index)
            .ok_or("the namespace has no loopback")?;
        let message = LinkUnspec::new_with_index(index).up().build();
        handle.link().set(message).execute().await.map_err(failed)?;
        Ok(Self { handle, index })
    }

    /// Adds an address; one that is there already is fine.
    ///
    /// # Errors
    /// The kernel refuses.
    pub(super) async fn add(&self, address: IpAddr) -> Result<(), String> {
        let length = if address.is_ipv4() { 32 } else { 128 };
        let request = self.handle.address().add(self.index, address, length);
        let added = request.replace().execute().await;
        added.map_err(|error| format!("cannot add the address {address}: {error}"))
    }

    /// Takes an address away; one that is not there is fine.
    async fn remove(&self, address: IpAddr) -> Result<(), String> {
        let failed =
            |error: rtnetlink::Error| format!("cannot remove the address {address}: {error}");
        let own = self.handle.address().get();
        let own = own
            .set_link_index_filter(self.index)
            .set_address_filter(address);
        let mut found = own.execute();
        while let Some(message) = found.try_next().await.map_err(failed)? {
            let removed = self.handle.address().del(message).execute().await;
            removed.map_err(failed)?;
        }
        Ok(())
    }
}

impl Addresses for Loopback {
    fn add(
        &self,
        address: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(Self::add(self, address))
    }

    fn remove(
        &self,
        address: IpAddr,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + '_>> {
        Box::pin(Self::remove(self, address))
    }
}
