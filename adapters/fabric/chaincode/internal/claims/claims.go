// Package claims is what one ledger's gate says to another, and what a gate believes.
package claims

import (
	"crypto/sha256"
	"errors"
	"fmt"

	ethabi "github.com/ethereum/go-ethereum/accounts/abi"

	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// Claim says that a gate on a network holds this state for this transfer.
type Claim struct {
	Network, Gate string
	ID            terms.ID
	State         terms.State
}

// Verifier checks proofs of one peer: it answers with all claims that the proof shows, or fails.
type Verifier interface {
	Verify(proof []byte) ([]Claim, error)
}

// Set is the claims that a call's proofs show.
type Set struct {
	shown  map[Claim]bool
	faults map[string]string // network → why the first proof that failed did
}

// Collect verifies each proof once, with the first of its network's verifiers that accepts it. A proof that fails shows
// nothing, and fails only the items that need it.
func Collect(proofs []wire.Proof, verifiers func(network string) ([]Verifier, error)) (*Set, error) {
	if len(proofs) > wire.MaxProofs {
		return nil, refusal.New(refusal.Invalid, "%d proofs; a call takes at most %d", len(proofs), wire.MaxProofs)
	}
	set := &Set{map[Claim]bool{}, map[string]string{}}
	for i, proof := range proofs {
		candidates, err := verifiers(proof.Network)
		if err != nil {
			return nil, err
		}
		shown, fault := verify(candidates, proof.Data)
		for _, claim := range shown {
			set.shown[claim] = true
		}
		if _, known := set.faults[proof.Network]; fault != nil && !known {
			set.faults[proof.Network] = fmt.Sprintf("; proofs[%d]: %s", i, fault)
		}
	}
	return set, nil
}

// verify tells, where all verifiers refuse, the reason of the current one, which is the first.
func verify(candidates []Verifier, proof []byte) ([]Claim, error) {
	fault := errors.New("the network is no peer")
	for i, verifier := range candidates {
		shown, err := verifier.Verify(proof)
		if err == nil {
			return shown, nil
		}
		if i == 0 {
			fault = err
		}
	}
	return nil, fault
}

// Require refuses unless a proof showed the claim.
func (s *Set) Require(claim Claim) error {
	if s.shown[claim] {
		return nil
	}
	return refusal.New(refusal.Invalid, "no proof shows that %.80s on %s holds %s%.300s",
		claim.Gate, claim.Network, claim.State, s.faults[claim.Network])
}

var (
	tag       = sha256.Sum256([]byte("citygate.claims.v1"))
	statement = ethabi.Arguments{
		{Type: mustType("bytes32")}, {Type: mustType("string")}, {Type: mustType("string")},
		{Type: mustType("bytes32[]")}, {Type: mustType("uint8[]")},
	}
)

// Encode is the answer of the query Claims: docs/protocol.md, A Fabric claim.
func Encode(network, gate string, ids [][32]byte, states []uint8) ([]byte, error) {
	return statement.Pack(tag, network, gate, ids, states)
}

func mustType(name string) ethabi.Type {
	t, err := ethabi.NewType(name, "", nil)
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	return t
}
