//! Private keys on the NIST curves as Go reads them (RFC 5915): their curve, scalar and point.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair};
use zeroize::Zeroizing;

use super::{KeyError, der, oid};

/// A curve that Go knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

/// A private key on a curve.
pub struct CurveKey {
    pub(super) curve: Curve,
    /// Big-endian, as long as the order of the curve.
    pub(super) scalar: Zeroizing<Vec<u8>>,
    /// The uncompressed point, if it is known.
    public: Option<Vec<u8>>,
}

impl Curve {
    const ALL: [Self; 4] = [Self::P224, Self::P256, Self::P384, Self::P521];

    pub fn name(self) -> &'static str {
        match self {
            Self::P224 => "P-224",
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub fn of_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|curve| curve.oid() == oid)
    }

    fn oid(self) -> &'static [u8] {
        match self {
            Self::P224 => oid::P224,
            Self::P256 => oid::P256,
            Self::P384 => oid::P384,
            Self::P521 => oid::P521,
        }
    }

    /// Bytes of a coordinate, and of a scalar.
    fn size(self) -> usize {
        match self {
            Self::P224 => 28,
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// How many points it has (FIPS 186-4, D.1.2).
    fn order(self) -> Vec<u8> {
        let (front, tail): (&[u8], &[u8]) = match self {
            Self::P224 => (
                &[],
                &[
                    0x16, 0xa2, 0xe0, 0xb8, 0xf0, 0x3e, 0x13, 0xdd, 0x29, 0x45, 0x5c, 0x5c, 0x2a,
                    0x3d,
                ],
            ),
            Self::P256 => (
                &[0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00],
                &[
                    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc,
                    0x63, 0x25, 0x51,
                ],
            ),
            Self::P384 => (
                &[],
                &[
                    0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf, 0x58, 0x1a, 0x0d, 0xb2, 0x48,
                    0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
                ],
            ),
            Self::P521 => (
                &[0x01],
                &[
                    0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48,
                    0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb,
                    0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09,
                ],
            ),
        };
        // Between the two, all bits are set.
        let middle = vec![0xff; self.size() - front.len() - tail.len()];
        [front, &middle, tail].concat()
    }

    /// `SubjectPublicKeyInfo` of a point.
    fn public_key_info(self, point: &[u8]) -> Vec<u8> {
        let algorithm = der::constructed(
            der::SEQUENCE,
            &[
                &der::element(der::OID, oid::EC_PUBLIC_KEY),
                &der::element(der::OID, self.oid()),
            ],
        );
        der::constructed(der::SEQUENCE, &[&algorithm, &der::bit_string(point)])
    }

    fn is_point(self, bytes: &[u8]) -> bool {
        bytes.len() == 1 + 2 * self.size() && bytes[0] == 4
    }
}

impl CurveKey {
    /// Reads the DER of RFC 5915. `curve` is what PKCS#8 says around it, and goes first.
    pub(super) fn read(bytes: &[u8], curve: Option<Curve>) -> Option<Self> {
        let mut inside = der::Reader::new(bytes).enter(der::SEQUENCE).ok()?;
        if inside.expect(der::INTEGER).ok()?.content != [1] {
            return None;
        }
        let scalar = inside.expect(der::OCTET_STRING).ok()?.content;
        let named = match inside.optional(der::context(0, true)).ok()? {
            Some(named) => {
                let oid = der::Reader::new(named.content).expect(der::OID).ok()?;
                Curve::of_oid(oid.content)
            }
            None => None,
        };
        let curve = curve.or(named)?;
        let point = match inside.optional(der::context(1, true)).ok()? {
            Some(point) => {
                let bits = der::Reader::new(point.content).expect(der::BIT_STRING);
                Some(bits.ok()?.content.strip_prefix(&[0])?)
            }
            None => None,
        };
        Some(Self {
            curve,
            scalar: scalar_of(curve, scalar)?,
            public: point.filter(|p| curve.is_point(p)).map(<[u8]>::to_vec),
        })
    }

    /// This key with the public half of a certificate, if it has none itself.
    pub(super) fn completed_by(mut self, public_key_info: &[u8]) -> Self {
        let length = 1 + 2 * self.curve.size();
        let point = public_key_info.get(public_key_info.len().saturating_sub(length)..);
        if self.public.is_none() {
            self.public = point.filter(|p| self.curve.is_point(p)).map(<[u8]>::to_vec);
        }
        self
    }

    pub(super) fn public_key_info(&self) -> Result<Vec<u8>, KeyError> {
        let point = self.public.as_deref();
        let point = point.ok_or(KeyError::NoPublicKey(self.curve.name()))?;
        Ok(self.curve.public_key_info(point))
    }

    /// The DER that [`Self::read`] reads.
    pub(super) fn to_der(&self) -> Zeroizing<Vec<u8>> {
        let point = self.public.as_ref().map(|point| {
            let bits = der::bit_string(point);
            der::element(der::context(1, true), &bits)
        });
        Zeroizing::new(der::constructed(
            der::SEQUENCE,
            &[
                &der::unsigned(&[1]),
                &der::element(der::OCTET_STRING, &self.scalar),
                &der::element(
                    der::context(0, true),
                    &der::element(der::OID, self.curve.oid()),
                ),
                &point.unwrap_or_default(),
            ],
        ))
    }

    /// Signs with SHA-384 on P-384; that takes the public half. Two signatures are never the same.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        if self.curve != Curve::P384 {
            return Err(KeyError::Curve(self.curve.name()));
        }
        let random = SystemRandom::new();
        let public = self.public.as_deref().unwrap_or_default();
        let pair = EcdsaKeyPair::from_private_key_and_public_key(
            &ECDSA_P384_SHA384_ASN1_SIGNING,
            &self.scalar,
            public,
            &random,
        );
        let signature = pair.map_err(|_| KeyError::Sign)?.sign(&random, message);
        Ok(signature.map_err(|_| KeyError::Sign)?.as_ref().to_vec())
    }
}

/// The scalar in its full length: Go ignores zeros that are missing or too many in front.
fn scalar_of(curve: Curve, written: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let zeros = written.iter().take_while(|byte| **byte == 0).count();
    let digits = &written[zeros..];
    let padding = curve.size().checked_sub(digits.len())?;
    let mut scalar = Zeroizing::new(vec![0; padding]);
    scalar.extend_from_slice(digits);
    let fits = !digits.is_empty() && *scalar < curve.order();
    fits.then_some(scalar)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(curve: Curve, scalar: &[u8]) -> Option<CurveKey> {
        let key = CurveKey {
            curve,
            scalar: Zeroizing::new(scalar.to_vec()),
            public: None,
        };
        CurveKey::read(&key.to_der(), None)
    }

    #[test]
    fn scalars_are_from_one_to_below_the_order() {
        for curve in Curve::ALL {
            let mut order = curve.order();
            assert_eq!(order.len(), curve.size());
            assert!(key(curve, &order).is_none(), "{}", curve.name());
            *order.last_mut().unwrap() -= 1;
            assert!(key(curve, &order).is_some(), "{}", curve.name());
            assert!(key(curve, &[0]).is_none());
            let short = key(curve, &[0, 7]).unwrap();
            assert_eq!(short.scalar.len(), curve.size());
            assert_eq!(short.scalar.last(), Some(&7));
        }
    }

    #[test]
    fn keys_are_written_as_they_were_read() {
        let point = [&[4][..], &[1; 132]].concat();
        let key = CurveKey {
            curve: Curve::P521,
            scalar: scalar_of(Curve::P521, &[9]).unwrap(),
            public: Some(point.clone()),
        };
        let again = CurveKey::read(&key.to_der(), None).unwrap();
        assert_eq!(again.to_der(), key.to_der());
        assert_eq!(again.public_key_info(), key.public_key_info());
        let info = key.public_key_info().unwrap();
        let bare = CurveKey {
            public: None,
            ..key
        };
        assert_eq!(bare.public_key_info(), Err(KeyError::NoPublicKey("P-521")));
        assert_eq!(bare.completed_by(&info).public_key_info(), Ok(info));
    }

    #[test]
    fn only_p384_signs_and_only_with_its_own_point() {
        let small = key(Curve::P521, &[9]).unwrap();
        assert_eq!(small.sign(b"a"), Err(KeyError::Curve("P-521")));
        let mut foreign = key(Curve::P384, &[9]).unwrap();
        assert_eq!(foreign.sign(b"a"), Err(KeyError::Sign));
        foreign.public = Some([&[4][..], &[1; 96]].concat());
        assert_eq!(foreign.sign(b"a"), Err(KeyError::Sign));
    }
}
