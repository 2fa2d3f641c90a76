// Package identity says who calls, and checks what an account's owner signed.
package identity

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-chaincode-go/v2/pkg/cid"

	"citygate/chaincode/internal/refusal"
)

// Caller is the creator of a transaction. Admin is what Fabric's NodeOUs take for an administrator.
type Caller struct {
	Organisation string // MSP id
	Account      string
	Admin        bool
}

// Read takes the caller from a transaction; the peer has validated the certificate.
func Read(stub cid.ChaincodeStubInterface) (Caller, error) {
	client, err := cid.New(stub)
	if err != nil {
		return Caller{}, refusal.New(refusal.Unauthorised, "the creator's identity can't be read")
	}
	organisation, err := client.GetMSPID()
	if err != nil {
		return Caller{}, fmt.Errorf("the creator's MSP id can't be read: %w", err)
	}
	certificate, err := client.GetX509Certificate()
	if err != nil || certificate == nil {
		return Caller{}, refusal.New(refusal.Unauthorised, "the creator has no X.509 certificate")
	}
	admin := false
	for _, unit := range certificate.Subject.OrganizationalUnit {
		admin = admin || unit == "admin"
	}
	return Caller{organisation, Account(organisation, certificate.RawSubjectPublicKeyInfo), admin}, nil
}

// Account names the holder of a key, given as SubjectPublicKeyInfo in DER, in an organisation.
func Account(organisation string, publicKey []byte) string {
	return Encode(organisation) + "." + fingerprint(publicKey)
}

func fingerprint(publicKey []byte) string {
	hash := sha256.Sum256(publicKey)
	return hex.EncodeToString(hash[:20])
}

// Encode percent-encodes what an account's name can't hold of an MSP id.
func Encode(organisation string) string {
	var out strings.Builder
	for _, c := range []byte(organisation) {
		if c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
