//! The files of a seed. Facts: how Talos 1.12 reads NoCloud, and version 2 of the network configuration.

/// What a seed says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seed {
    /// Host name in maintenance mode.
    pub hostname: Option<String>,
    /// Interfaces in order.
    pub interfaces: Vec<Interface>,
    /// Addresses of name servers.
    pub nameservers: Vec<String>,
    /// Domains to search.
    pub search_domains: Vec<String>,
}

/// An interface, found in the guest by its hardware address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Name within the seed.
    pub name: String,
    /// Hardware address.
    pub mac: String,
    /// What is set on it.
    pub link: Link,
    /// VLANs on it, by id.
    pub vlans: Vec<(u16, Link)>,
}

/// What is set on an interface or a VLAN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Link {
    /// Addresses with prefix length.
    pub addresses: Vec<String>,
    /// Default gateway.
    pub gateway4: Option<String>,
    /// Default gateway.
    pub gateway6: Option<String>,
    /// Largest packet.
    pub mtu: Option<i64>,
    /// Further routes.
    pub routes: Vec<Route>,
    /// Whether it asks for an address.
    pub dhcp4: bool,
    /// Whether it asks for an address.
    pub dhcp6: bool,
}

/// A route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Network with prefix length.
    pub to: String,
    /// Gateway.
    pub via: String,
    /// Smaller ones are preferred.
    pub metric: Option<i64>,
}

impl Seed {
    /// `network-config`.
    pub(super) fn network_config(&self) -> String {
        let mut yaml = Yaml::default();
        yaml.line(0, "version: 2");
        if !self.interfaces.is_empty() {
            yaml.line(0, "ethernets:");
        }
        for (index, interface) in self.interfaces.iter().enumerate() {
            yaml.line(1, &format!("{}:", interface.name));
            yaml.line(2, "match:");
            yaml.text(3, "macaddress", &interface.mac.to_lowercase());
            yaml.link(&interface.link);
            // Name servers belong to an interface in this format, and to the machine in fact.
            if index == 0 {
                yaml.resolvers(&self.nameservers, &self.search_domains);
            }
        }
        let vlans = self.interfaces.iter().flat_map(|interface| {
            let vlans = interface.vlans.iter();
            vlans.map(move |(id, link)| (interface, id, link))
        });
        for (index, (interface, id, link)) in vlans.enumerate() {
            if index == 0 {
                yaml.line(0, "vlans:");
            }
            yaml.line(1, &format!("{}.{id}:", interface.name));
            yaml.line(2, &format!("id: {id}"));
            yaml.text(2, "link", &interface.name);
            yaml.link(link);
        }
        yaml.0
    }

    /// `meta-data`; `instance` changes with the rest of the seed.
    pub(super) fn meta_data(&self, instance: &str) -> String {
        let mut yaml = Yaml::default();
        yaml.text(0, "instance-id", &instance[..instance.len().min(16)]);
        if let Some(hostname) = &self.hostname {
            yaml.text(0, "local-hostname", hostname);
        }
        yaml.0
    }

    /// `user-data`: Talos takes a document of this kind for none, and stays in maintenance mode.
    pub(super) fn user_data(&self) -> String {
        "#cloud-config\n".to_owned()
    }
}

/// YAML as text. Values are quoted as JSON does it, which YAML reads.
#[derive(Default)]
struct Yaml(String);

impl Yaml {
    fn line(&mut self, depth: usize, text: &str) {
        self.0 += &"  ".repeat(depth);
        self.0 += text;
        self.0.push('\n');
    }

    fn text(&mut self, depth: usize, key: &str, value: &str) {
        self.line(depth, &format!("{key}: {}", quoted(value)));
    }

    fn texts(&mut self, depth: usize, key: &str, values: &[String]) {
        if values.is_empty() {
            return;
        }
        self.line(depth, &format!("{key}:"));
        for value in values {
            self.line(depth + 1, &format!("- {}", quoted(value)));
        }
    }

    fn link(&mut self, link: &Link) {
        for (key, on) in [("dhcp4", link.dhcp4), ("dhcp6", link.dhcp6)] {
            if on {
                self.line(2, &format!("{key}: true"));
            }
        }
        self.texts(2, "addresses", &link.addresses);
        for (key, gateway) in [("gateway4", &link.gateway4), ("gateway6", &link.gateway6)] {
            if let Some(gateway) = gateway {
                self.text(2, key, gateway);
            }
        }
        if let Some(mtu) = link.mtu {
            self.line(2, &format!("mtu: {mtu}"));
        }
        if !link.routes.is_empty() {
            self.line(2, "routes:");
        }
        for route in &link.routes {
            self.text(3, "- to", &route.to);
            self.text(4, "via", &route.via);
            if let Some(metric) = route.metric {
                self.line(4, &format!("metric: {metric}"));
            }
        }
    }

    fn resolvers(&mut self, servers: &[String], search: &[String]) {
        if servers.is_empty() && search.is_empty() {
            return;
        }
        self.line(2, "nameservers:");
        self.texts(3, "addresses", servers);
        self.texts(3, "search", search);
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
