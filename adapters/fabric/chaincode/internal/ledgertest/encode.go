package ledgertest

import (
	"math/big"

	"github.com/ethereum/go-ethereum/accounts/abi"
)

// The ABI's structs, as go-ethereum encodes them: an implementation independent of the chaincode's decoder.

// Participant is docs/protocol.md's.
type Participant struct{ Network, Gate string }

// Leg is docs/protocol.md's.
type Leg struct {
	Asset       string
	Amount      *big.Int
	Source      uint8
	Sender      string
	Destination uint8
	Recipient   string
	PayloadHash [32]byte
}

// Terms is docs/protocol.md's.
type Terms struct {
	Version      uint8
	Participants []Participant
	Decider      uint8
	Initiator    string
	Deadline     uint64
	Salt         [32]byte
	Legs         []Leg
}

// Proof is docs/protocol.md's EvmProof.
type Proof struct {
	Header        []byte
	Attestations  [][]byte
	AccountProof  [][]byte
	Ids           [][32]byte
	StorageProofs [][][]byte
}

var (
	participantFields = []abi.ArgumentMarshaling{{Name: "network", Type: "string"}, {Name: "gate", Type: "string"}}
	legFields         = []abi.ArgumentMarshaling{
		{Name: "asset", Type: "string"}, {Name: "amount", Type: "uint256"},
		{Name: "source", Type: "uint8"}, {Name: "sender", Type: "string"},
		{Name: "destination", Type: "uint8"}, {Name: "recipient", Type: "string"}, {Name: "payloadHash", Type: "bytes32"},
	}
	termsType = abi.Arguments{{Type: must(abi.NewType("tuple", "", []abi.ArgumentMarshaling{
		{Name: "version", Type: "uint8"},
		{Name: "participants", Type: "tuple[]", Components: participantFields},
		{Name: "decider", Type: "uint8"}, {Name: "initiator", Type: "string"}, {Name: "deadline", Type: "uint64"},
		{Name: "salt", Type: "bytes32"}, {Name: "legs", Type: "tuple[]", Components: legFields},
	}))}}
	proofType = abi.Arguments{{Type: must(abi.NewType("tuple", "", []abi.ArgumentMarshaling{
		{Name: "header", Type: "bytes"}, {Name: "attestations", Type: "bytes[]"}, {Name: "accountProof", Type: "bytes[]"},
		{Name: "ids", Type: "bytes32[]"}, {Name: "storageProofs", Type: "bytes[][]"},
	}))}}
	authorizationType = abi.Arguments{
		{Type: must(abi.NewType("bytes", "", nil))}, {Type: must(abi.NewType("bytes32", "", nil))}, {Type: must(abi.NewType("bytes32", "", nil))},
	}
)

// Encode is abi.encode(terms).
func (t Terms) Encode() []byte { return must(termsType.Pack(t)) }

// Encode is abi.encode(proof).
func (p Proof) Encode() []byte { return must(proofType.Pack(p)) }

// Authorization is abi.encode(publicKey, r, s).
func Authorization(publicKey []byte, r, s *big.Int) []byte {
	var rBytes, sBytes [32]byte
	return must(authorizationType.Pack(publicKey, [32]byte(r.FillBytes(rBytes[:])), [32]byte(s.FillBytes(sBytes[:]))))
}
