package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"

	"citygate/chaincode/internal/abi"
	"citygate/chaincode/internal/terms"
)

const (
	maxPublicKey     = 256
	maxAuthorization = 512
)

// Digest is what the sender of a leg signs at a gate: docs/protocol.md, Authorisation, Fabric.
func Digest(network, gate string, t *terms.Terms, leg *terms.Leg) [32]byte {
	return sha256.Sum256([]byte(strings.Join([]string{
		"CityGate authorization v1",
		"network: " + network,
		"gate: " + gate,
		"transfer: " + hex.EncodeToString(t.ID[:]),
		"asset: " + leg.Asset.Name,
		"amount: " + leg.Amount.String(),
		"recipient: " + leg.Recipient,
		"destination: " + leg.Destination.Network,
		fmt.Sprintf("deadline: %d", t.Deadline),
	}, "\n")))
}

// Verify checks that `authorization`, abi.encode(bytes publicKey, bytes32 r, bytes32 s), is the account's P-256 signature of
// the digest. High S is refused: each signature has one form.
func Verify(account string, digest [32]byte, authorization []byte) error {
	if len(authorization) > maxAuthorization {
		return fmt.Errorf("it exceeds %d bytes", maxAuthorization)
	}
	var encoded []byte
	var rBytes, sBytes [32]byte
	err := abi.Decode(authorization, 3, func(in *abi.Tuple) {
		encoded, rBytes, sBytes = in.Bytes(maxPublicKey), in.Bytes32(), in.Bytes32()
	})
	if err != nil {
		return err
	}
	if !strings.HasSuffix(account, "."+fingerprint(encoded)) {
		return errors.New("the key isn't the account's")
	}
	parsed, err := x509.ParsePKIXPublicKey(encoded)
	key, ok := parsed.(*ecdsa.PublicKey)
	if err != nil || !ok || key.Curve != elliptic.P256() {
		return errors.New("the key isn't on P-256")
	}
	r, s, n := new(big.Int).SetBytes(rBytes[:]), new(big.Int).SetBytes(sBytes[:]), key.Params().N
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(n) >= 0 || s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		return errors.New("r or s is out of range, or s is high")
	}
	if !ecdsa.Verify(key, digest[:], r, s) {
		return errors.New("the signature is of something else")
	}
	return nil
}
