//! Secrets encrypted as SOPS does it (reference: `aes` and `sops.go` of getsops/sops): values with
//! AES-256-GCM under a data key, the data key with age.

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U32;
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest as _, Sha256, Sha512};

use super::age::Recipient;

/// SOPS's nonces are longer than usual.
type Cipher = AesGcm<Aes256, U32>;

/// Random bytes: a chain of digests that begins with a seed.
pub(super) struct Entropy {
    state: [u8; 32],
}

impl Entropy {
    pub(super) fn of(seed: [u8; 32]) -> Self {
        Self { state: seed }
    }

    /// From the system's own source.
    ///
    /// # Errors
    /// It gives nothing.
    pub(super) fn real() -> Result<Self, String> {
        let mut state = [0; 32];
        SystemRandom::new()
            .fill(&mut state)
            .map_err(|_| "the system gives no random bytes")?;
        Ok(Self::of(state))
    }

    /// Up to 32 bytes.
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        self.state = Sha256::digest(self.state).into();
        let block = Sha256::digest([self.state.as_slice(), b"out"].concat());
        let mut bytes = [0; N];
        for (byte, random) in bytes.iter_mut().zip(block) {
            *byte = random;
        }
        bytes
    }
}

/// A Secret to encrypt.
pub(super) struct Plain<'a> {
    pub name: &'a str,
    pub namespace: &'a str,
    /// Keys with their values.
    pub values: &'a [(&'a str, &'a str)],
}

/// When it was encrypted: it is part of what is authenticated.
const MODIFIED: &str = "2026-01-01T00:00:00Z";

/// The Secret as a YAML text that only the recipient can read.
///
/// # Errors
/// The cryptography refuses, which it does not for these lengths.
pub(super) fn encrypt(
    plain: &Plain<'_>,
    recipient: &Recipient,
    entropy: &mut Entropy,
) -> Result<String, String> {
    let key: [u8; 32] = entropy.bytes();
    let mut sum = Sha512::new();
    for text in ["v1", "Secret", plain.name, plain.namespace] {
        sum.update(text);
    }
    let mut values = String::new();
    for (name, value) in plain.values {
        sum.update(value);
        let hidden = hide(&key, value, &format!("stringData:{name}:"), entropy)?;
        values.push_str(&format!("    {name}: {hidden}\n"));
    }
    let sum: String = sum
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    let mac = hide(&key, &sum, MODIFIED, entropy)?;
    let armoured = recipient.encrypt(&key, entropy)?;
    let armoured: String = armoured
        .lines()
        .map(|line| format!("            {line}\n"))
        .collect();
    Ok(format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n    name: {}\n    namespace: {}\nstringData:\n{values}sops:\n    age:\n        - recipient: {}\n          enc: |\n{armoured}    lastmodified: \"{MODIFIED}\"\n    mac: {mac}\n    encrypted_regex: ^(data|stringData)$\n    version: 3.11.0\n",
        plain.name,
        plain.namespace,
        recipient.name(),
    ))
}

/// `ENC[AES256_GCM,…]`.
fn hide(
    key: &[u8; 32],
    value: &str,
    bound_to: &str,
    entropy: &mut Entropy,
) -> Result<String, String> {
    let nonce: [u8; 32] = entropy.bytes();
    let cipher = Cipher::new(key.into());
    let mut bytes = value.as_bytes().to_vec();
    let tag = cipher
        .encrypt_in_place_detached((&nonce).into(), bound_to.as_bytes(), &mut bytes)
        .map_err(|error| error.to_string())?;
    let [data, iv, tag] =
        [bytes.as_slice(), &nonce[..], &tag[..]].map(|bytes| STANDARD.encode(bytes));
    Ok(format!(
        "ENC[AES256_GCM,data:{data},iv:{iv},tag:{tag},type:str]"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::age::Identity;

    #[test]
    fn nothing_of_the_value_stands_in_the_text() {
        let mut entropy = Entropy::of([7; 32]);
        let identity = Identity::make(&mut entropy);
        let plain = Plain {
            name: "a",
            namespace: "b",
            values: &[("password", "correct horse")],
        };
        let text = encrypt(&plain, &identity.recipient(), &mut entropy).unwrap();
        assert!(!text.contains("horse"));
        let read: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        assert!(
            read["stringData"]["password"]
                .as_str()
                .unwrap()
                .starts_with("ENC[AES256_GCM,data:")
        );
        assert_eq!(
            read["sops"]["age"][0]["recipient"],
            identity.recipient().name()
        );
        assert!(
            read["sops"]["age"][0]["enc"]
                .as_str()
                .unwrap()
                .starts_with("-----BEGIN AGE")
        );
    }

    #[test]
    fn a_seed_gives_the_same_bytes_and_each_call_others() {
        let (mut one, mut two) = (Entropy::of([1; 32]), Entropy::of([1; 32]));
        let first: [u8; 16] = one.bytes();
        assert_eq!(first, two.bytes());
        let second: [u8; 16] = one.bytes();
        assert_ne!(first, second);
    }
}
