//! Secrets that Talos's own redaction leaves readable, or that older redaction missed.

/// Struct and field of values that we never show although the official tables do not mark them.
const EXTRA: &[(&str, &str)] = &[
    ("block.EncryptionKeyStatic", "passphrase"),
    ("network.HCloudVIPConfigV1Alpha1", "apiToken"),
    ("siderolink.ConfigV1Alpha1", "uniqueToken"),
    ("siderolink.ConfigV1Alpha1", "apiUrl"),
    ("v1alpha1.DeviceWireguardConfig", "privateKey"),
    ("v1alpha1.EncryptionKeyStatic", "passphrase"),
    ("v1alpha1.RegistryAuthConfig", "auth"),
    ("v1alpha1.RegistryAuthConfig", "identityToken"),
    ("v1alpha1.RegistryAuthConfig", "password"),
    ("v1alpha1.VIPEquinixMetalConfig", "apiToken"),
    ("v1alpha1.VIPHCloudConfig", "apiToken"),
];

pub(super) fn is_extra(owner: &str, field: &str) -> bool {
    EXTRA.contains(&(owner, field))
}

#[cfg(test)]
pub(super) fn extra() -> &'static [(&'static str, &'static str)] {
    EXTRA
}
