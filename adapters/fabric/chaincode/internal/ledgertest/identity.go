package ledgertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"

	"citygate/chaincode/internal/identity"
)

// Identity is a member of an organisation, with a certificate of its own making.
type Identity struct {
	Organisation string
	Key          *ecdsa.PrivateKey
	PublicKey    []byte // SubjectPublicKeyInfo
	certificate  []byte
}

// NewIdentity makes one whose certificate has the organisational unit `role`: client or admin.
func NewIdentity(t testing.TB, organisation, role string) *Identity {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "someone", OrganizationalUnit: []string{role}},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	return &Identity{
		organisation, key, must(x509.MarshalPKIXPublicKey(&key.PublicKey)),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
	}
}

// Account is the identity's account.
func (i *Identity) Account() string { return identity.Account(i.Organisation, i.PublicKey) }

// Serialized is the identity as a transaction's creator.
func (i *Identity) Serialized(t testing.TB) []byte {
	t.Helper()
	return must(proto.Marshal(&msp.SerializedIdentity{Mspid: i.Organisation, IdBytes: i.certificate}))
}

// Sign makes a low-S signature of a digest.
func (i *Identity) Sign(digest [32]byte) (r, s *big.Int) {
	r, s, err := ecdsa.Sign(rand.Reader, i.Key, digest[:])
	if err != nil {
		panic(err)
	}
	n := i.Key.Params().N
	if s.Cmp(new(big.Int).Rsh(n, 1)) > 0 {
		s.Sub(n, s)
	}
	return r, s
}
