//! Encryption to an age recipient (specification: C2SP, age-encryption.org/v1).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bech32::{Bech32, Hrp};
use ring::{aead, hkdf, hmac};
use x25519_dalek::{PublicKey, StaticSecret};

use super::sops::Entropy;

/// Somebody who can decrypt.
pub(super) struct Identity(StaticSecret);

/// Somebody to encrypt for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipient(PublicKey);

impl Identity {
    pub(super) fn make(entropy: &mut Entropy) -> Self {
        Self(StaticSecret::from(entropy.bytes()))
    }

    /// Reads `AGE-SECRET-KEY-1…` out of a key file.
    ///
    /// # Errors
    /// No line is one.
    pub(super) fn read(file: &str) -> Result<Self, String> {
        let line = file
            .lines()
            .find(|line| line.starts_with("AGE-SECRET-KEY-1"));
        let (_, bytes) = bech32::decode(line.ok_or("the file has no age key")?.trim())
            .map_err(|error| error.to_string())?;
        let bytes: [u8; 32] = bytes
            .try_into()
            .map_err(|_| "the age key has another length than 32 bytes")?;
        Ok(Self(StaticSecret::from(bytes)))
    }

    /// A key file, as `age-keygen` writes it.
    pub(super) fn file(&self) -> String {
        let key = encode("age-secret-key-", self.0.as_bytes()).to_uppercase();
        format!("# public key: {}\n{key}\n", self.recipient().name())
    }

    pub(super) fn recipient(&self) -> Recipient {
        Recipient(PublicKey::from(&self.0))
    }
}

fn encode(part: &str, bytes: &[u8]) -> String {
    // The part and the length are constants that fit.
    let text = Hrp::parse(part).map(|part| bech32::encode::<Bech32>(part, bytes));
    text.ok().and_then(Result::ok).unwrap_or_default()
}

impl Recipient {
    /// `age1…`.
    pub(super) fn name(&self) -> String {
        encode("age", self.0.as_bytes())
    }

    /// Encrypts a few bytes, armoured.
    ///
    /// # Errors
    /// The cryptography refuses, which it does not for these lengths.
    pub(super) fn encrypt(&self, plain: &[u8], entropy: &mut Entropy) -> Result<String, String> {
        let [file_key, nonce]: [[u8; 16]; 2] = [entropy.bytes(), entropy.bytes()];
        let header = self.header(&file_key, entropy)?;
        let mut file = header.into_bytes();
        file.extend_from_slice(&nonce);
        let key = derive(&file_key, &nonce, b"payload")?;
        // One chunk, the last: the counter is 0 and the flag of the end 1.
        let mut last = [0; 12];
        last[11] = 1;
        file.extend(seal(&key, last, plain)?);
        Ok(armour(&file))
    }

    fn header(&self, file_key: &[u8], entropy: &mut Entropy) -> Result<String, String> {
        let ephemeral = StaticSecret::from(entropy.bytes());
        let share = PublicKey::from(&ephemeral);
        let shared = ephemeral.diffie_hellman(&self.0);
        let salt = [share.as_bytes().as_slice(), self.0.as_bytes()].concat();
        let wrapping = derive(shared.as_bytes(), &salt, b"age-encryption.org/v1/X25519")?;
        let wrapped = seal(&wrapping, [0; 12], file_key)?;
        let head = format!(
            "age-encryption.org/v1\n-> X25519 {}\n{}\n---",
            STANDARD_NO_PAD.encode(share.as_bytes()),
            STANDARD_NO_PAD.encode(wrapped)
        );
        let key = hmac::Key::new(hmac::HMAC_SHA256, &derive(file_key, b"", b"header")?);
        let mark = hmac::sign(&key, head.as_bytes());
        Ok(format!("{head} {}\n", STANDARD_NO_PAD.encode(mark)))
    }
}

fn derive(secret: &[u8], salt: &[u8], purpose: &[u8]) -> Result<[u8; 32], String> {
    let mut key = [0; 32];
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    let purpose = [purpose];
    let material = secret
        .expand(&purpose, hkdf::HKDF_SHA256)
        .map_err(|error| error.to_string())?;
    material.fill(&mut key).map_err(|error| error.to_string())?;
    Ok(key)
}

fn seal(key: &[u8], nonce: [u8; 12], plain: &[u8]) -> Result<Vec<u8>, String> {
    let failed = |error: ring::error::Unspecified| error.to_string();
    let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key).map_err(failed)?;
    let mut bytes = plain.to_vec();
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    aead::LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, aead::Aad::empty(), &mut bytes)
        .map_err(failed)?;
    Ok(bytes)
}

fn armour(file: &[u8]) -> String {
    let text = STANDARD.encode(file);
    let mut lines = String::from("-----BEGIN AGE ENCRYPTED FILE-----\n");
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push_str("\n-----END AGE ENCRYPTED FILE-----\n");
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_is_read_back() {
        let mut entropy = Entropy::of([1; 32]);
        let identity = Identity::make(&mut entropy);
        let again = Identity::read(&identity.file()).unwrap();
        assert_eq!(identity.recipient().name(), again.recipient().name());
        assert!(identity.recipient().name().starts_with("age1"));
        assert!(identity.file().contains("\nAGE-SECRET-KEY-1"));
        assert!(Identity::read("# nothing\n").is_err());
    }

    /// The key pair of age's own documentation.
    #[test]
    fn a_known_key_has_its_known_recipient() {
        let file = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX\n";
        let recipient = Identity::read(file).unwrap().recipient();
        assert_eq!(
            recipient.name(),
            "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj"
        );
    }
}
