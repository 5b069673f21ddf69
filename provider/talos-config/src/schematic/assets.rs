/// Where the images of a schematic are. All addresses are computed; none is looked up.
#[derive(Debug, Clone)]
pub struct Assets<'a> {
    /// The factory, such as `https://factory.talos.dev`.
    pub factory_url: &'a str,
    /// 64 hexadecimal digits.
    pub schematic_id: &'a str,
    /// Version of Talos, with or without `v`.
    pub talos_version: &'a str,
    /// `nocloud`, `metal`, …
    pub platform: &'a str,
    /// `amd64` or `arm64`.
    pub architecture: &'a str,
    /// Images signed for secure boot.
    pub secure_boot: bool,
}

/// Input from which no address can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssetError {
    /// The factory's address.
    #[error("{0:?} is not the URL of an image factory; expected https://HOST[:PORT][/PATH]")]
    FactoryUrl(String),
}

impl Assets<'_> {
    /// Bootable CD image.
    pub fn iso_url(&self) -> String {
        self.image("iso")
    }

    /// Compressed raw disk image: zstd since Talos 1.8 on `metal`, xz elsewhere.
    pub fn disk_image_url(&self) -> String {
        let extension = if self.platform == "metal" {
            "raw.zst"
        } else {
            "raw.xz"
        };
        self.image(extension)
    }

    /// iPXE script. The public factory serves them under a host name of their own.
    pub fn pxe_url(&self) -> Result<String, AssetError> {
        let (scheme, host) = split(self.factory_url)?;
        let version = version(self.talos_version);
        Ok(format!(
            "{scheme}://pxe.{host}/pxe/{}/{version}/{}",
            self.schematic_id,
            self.profile()
        ))
    }

    /// Container image of the installer.
    pub fn installer_image(&self) -> Result<String, AssetError> {
        let secure = if self.secure_boot { "-secureboot" } else { "" };
        let (_, host) = split(self.factory_url)?;
        let version = version(self.talos_version);
        let id = self.schematic_id;
        // Before 1.10 one installer served every platform.
        Ok(match minor(&version) {
            Some(minor) if minor < 10 => format!("{host}/installer{secure}/{id}:{version}"),
            _ => format!("{host}/{}-installer{secure}/{id}:{version}", self.platform),
        })
    }

    fn image(&self, extension: &str) -> String {
        let factory = self.factory_url.trim_end_matches('/');
        let version = version(self.talos_version);
        format!(
            "{factory}/image/{}/{version}/{}.{extension}",
            self.schematic_id,
            self.profile()
        )
    }

    fn profile(&self) -> String {
        let secure = if self.secure_boot { "-secureboot" } else { "" };
        format!("{}-{}{secure}", self.platform, self.architecture)
    }
}

/// The installer of a schematic on the public factory.
pub fn installer_image(schematic_id: &str, talos_version: &str, platform: &str) -> String {
    let assets = Assets {
        factory_url: "https://factory.talos.dev",
        schematic_id,
        talos_version,
        platform,
        architecture: "amd64",
        secure_boot: false,
    };
    assets.installer_image().unwrap_or_default()
}

fn version(text: &str) -> String {
    format!("v{}", text.trim_start_matches('v'))
}

fn minor(version: &str) -> Option<u32> {
    version
        .strip_prefix("v1.")?
        .split(['.', '-'])
        .next()?
        .parse()
        .ok()
}

fn split(url: &str) -> Result<(&str, &str), AssetError> {
    let parts = url.trim_end_matches('/').split_once("://");
    match parts {
        Some((scheme @ ("http" | "https"), host)) if !host.is_empty() => Ok((scheme, host)),
        _ => Err(AssetError::FactoryUrl(url.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assets(platform: &'static str) -> Assets<'static> {
        Assets {
            factory_url: "https://factory.talos.dev/",
            schematic_id: "abc",
            talos_version: "1.12.6",
            platform,
            architecture: "amd64",
            secure_boot: false,
        }
    }

    #[test]
    fn addresses_follow_the_factory() {
        let nocloud = assets("nocloud");
        let prefix = "https://factory.talos.dev/image/abc/v1.12.6";
        assert_eq!(nocloud.iso_url(), format!("{prefix}/nocloud-amd64.iso"));
        assert_eq!(
            nocloud.disk_image_url(),
            format!("{prefix}/nocloud-amd64.raw.xz")
        );
        let metal = Assets {
            secure_boot: true,
            architecture: "arm64",
            ..assets("metal")
        };
        assert_eq!(
            metal.disk_image_url(),
            format!("{prefix}/metal-arm64-secureboot.raw.zst")
        );
        assert_eq!(
            metal.pxe_url().unwrap(),
            "https://pxe.factory.talos.dev/pxe/abc/v1.12.6/metal-arm64-secureboot"
        );
        assert_eq!(
            metal.installer_image().unwrap(),
            "factory.talos.dev/metal-installer-secureboot/abc:v1.12.6"
        );
    }

    #[test]
    fn installer_before_1_10_has_no_platform() {
        let image = |version| installer_image("abc", version, "nocloud");
        assert_eq!(image("v1.9.5"), "factory.talos.dev/installer/abc:v1.9.5");
        assert_eq!(
            image("v1.10.0-alpha.1"),
            "factory.talos.dev/nocloud-installer/abc:v1.10.0-alpha.1"
        );
    }

    #[test]
    fn other_factories_keep_their_port() {
        let own = Assets {
            factory_url: "http://factory.lan:8080",
            ..assets("metal")
        };
        assert_eq!(
            own.installer_image().unwrap(),
            "factory.lan:8080/metal-installer/abc:v1.12.6"
        );
        let broken = Assets {
            factory_url: "factory.lan",
            ..assets("metal")
        };
        assert!(broken.pxe_url().is_err());
    }
}
