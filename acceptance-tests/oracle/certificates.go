package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/config/generate/secrets"
	"github.com/siderolabs/talos/pkg/machinery/role"
)

// Certificate is one to be verified, with its key; all texts are PEM.
type Certificate struct {
	Name string `json:"name,omitempty"`
	// Authority has signed it; empty if it signs itself.
	Authority string `json:"authority,omitempty"`
	// Certificate is empty where there is a key only.
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	// At is the time of the verification: seconds of Unix.
	At int64 `json:"at,omitempty"`
}

// facts are what two certificates for the same purpose have in common.
type facts struct {
	Key          string
	Signature    string   `json:",omitempty"`
	Subject      string   `json:",omitempty"`
	Issuer       string   `json:",omitempty"`
	KeyUsage     int      `json:",omitempty"`
	ExtKeyUsage  []int    `json:",omitempty"`
	IsCA         bool     `json:",omitempty"`
	MaxPathLen   int      `json:",omitempty"`
	Names        []string `json:",omitempty"`
	ValidSeconds int64    `json:",omitempty"`
	Extensions   []string `json:",omitempty"`
}

// verified checks a certificate as Go's TLS does and tells its facts.
func verified(in *Certificate) (string, error) {
	result, err := in.verify()
	if err != nil {
		return "", err
	}

	data, err := json.Marshal(result)

	return string(data), err
}

func (in *Certificate) verify() (facts, error) {
	if in.Certificate == "" {
		kind, err := keyKind(in.Key)

		return facts{Key: kind}, err
	}

	pair, err := tls.X509KeyPair([]byte(in.Certificate), []byte(in.Key))
	if err != nil {
		return facts{}, err
	}

	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return facts{}, err
	}

	if in.Authority == "" {
		err = verifyAuthority(cert, in.at())
	} else {
		err = verifyClient(cert, in.Authority, in.at())
	}

	return factsOf(cert), err
}

func (in *Certificate) at() time.Time { return time.Unix(in.At, 0) }

// verifyAuthority looks at the signature itself: to Verify, a root is trusted without it.
func verifyAuthority(cert *x509.Certificate, at time.Time) error {
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return err
	}

	if at.Before(cert.NotBefore) || at.After(cert.NotAfter) {
		return errors.New("the authority is not valid at this time")
	}

	return nil
}

func verifyClient(cert *x509.Certificate, authority string, at time.Time) error {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(authority)) {
		return errors.New("the authority is no certificate")
	}

	_, err := cert.Verify(x509.VerifyOptions{
		Roots: roots, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})

	return err
}

func factsOf(cert *x509.Certificate) facts {
	result := facts{
		Key:          publicKind(cert.PublicKey),
		Signature:    cert.SignatureAlgorithm.String(),
		Subject:      cert.Subject.String(),
		Issuer:       cert.Issuer.String(),
		KeyUsage:     int(cert.KeyUsage),
		IsCA:         cert.IsCA,
		MaxPathLen:   cert.MaxPathLen,
		Names:        cert.DNSNames,
		ValidSeconds: int64(cert.NotAfter.Sub(cert.NotBefore).Seconds()),
	}

	for _, usage := range cert.ExtKeyUsage {
		result.ExtKeyUsage = append(result.ExtKeyUsage, int(usage))
	}

	for _, extension := range cert.Extensions {
		result.Extensions = append(result.Extensions, fmt.Sprint(extension.Id, extension.Critical))
	}

	return result
}

// keyKind parses a private key by the label of its PEM block.
func keyKind(text string) (string, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return "", errors.New("the key is no PEM")
	}

	var (
		key any
		err error
	)

	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}

	if err != nil {
		return "", err
	}

	if rsaKey, ok := key.(*rsa.PrivateKey); ok {
		if err = rsaKey.Validate(); err != nil {
			return "", err
		}
	}

	signer, ok := key.(crypto.Signer)
	if !ok {
		return "", errors.New("the key cannot sign")
	}

	return block.Type + ": " + publicKind(signer.Public()), nil
}

func publicKind(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d, exponent %d", k.N.BitLen(), k.E)
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	default:
		return fmt.Sprintf("%T", key)
	}
}

// minted are the authorities, the service account's key and an administrator's certificate of a
// new official bundle, for comparison.
func minted() (string, error) {
	bundle, err := secrets.NewBundle(secrets.NewClock(), config.TalosVersionCurrent)
	if err != nil {
		return "", err
	}

	admin, err := bundle.GenerateTalosAPIClientCertificate(role.MakeSet(role.Admin))
	if err != nil {
		return "", err
	}

	certs := bundle.Certs
	at := time.Now().Add(time.Minute).Unix()
	result := []Certificate{{Name: "service account", Key: string(certs.K8sServiceAccount.Key)}}

	add := func(name, authority string, cert, key []byte) {
		result = append(result, Certificate{
			Name: name, Authority: authority, Certificate: string(cert), Key: pkcs8Label(key), At: at,
		})
	}

	add("etcd", "", certs.Etcd.Crt, certs.Etcd.Key)
	add("kubernetes", "", certs.K8s.Crt, certs.K8s.Key)
	add("aggregator", "", certs.K8sAggregator.Crt, certs.K8sAggregator.Key)
	add("talos", "", certs.OS.Crt, certs.OS.Key)
	add("talos admin", string(certs.OS.Crt), admin.Crt, admin.Key)

	data, err := json.Marshal(result)

	return string(data), err
}

// pkcs8Label takes away the label that only Talos gives to Ed25519 keys.
func pkcs8Label(key []byte) string {
	return strings.ReplaceAll(string(key), "ED25519 PRIVATE KEY", "PRIVATE KEY")
}
