// Package ethereum verifies the claims of a gate on an EVM: docs/protocol.md, An EVM claim.
package ethereum

import (
	"errors"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"

	"citygate/chaincode/internal/abi"
	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// The bounds of a proof; lengths in bytes. A branch of a trie takes at most 532, and a path has at most 65 nodes.
const (
	maxProof       = 1 << 20
	maxHeader      = 16 << 10
	maxNode        = 600
	maxPath        = 66
	MaxAttestors   = 32
	attestationLen = 65
)

// Verifier knows a gate and who attests its network's final headers. Attestors are distinct.
type Verifier struct {
	Network   string
	Gate      common.Address
	GateName  string // as claims name it
	Attestors []common.Address
	Threshold int
}

// proof is the EvmProof of docs/protocol.md.
type proof struct {
	header        []byte
	attestations  [][]byte
	accountProof  [][]byte
	ids           []terms.ID
	storageProofs [][][]byte
}

// Verify answers with one claim for each id of the proof.
func (v *Verifier) Verify(data []byte) ([]claims.Claim, error) {
	p, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("it isn't the ABI encoding of an EvmProof: %w", err)
	}
	stateRoot, number, err := readHeader(p.header)
	if err != nil {
		return nil, err
	}
	if err := v.checkAttestations(number, crypto.Keccak256Hash(p.header), p.attestations); err != nil {
		return nil, err
	}
	storageRoot, err := readAccount(stateRoot, v.Gate, p.accountProof)
	if err != nil {
		return nil, err
	}
	if len(p.storageProofs) != len(p.ids) {
		return nil, fmt.Errorf("%d storage proofs for %d ids", len(p.storageProofs), len(p.ids))
	}
	shown := make([]claims.Claim, len(p.ids))
	for i, id := range p.ids {
		state, err := readState(storageRoot, id, p.storageProofs[i])
		if err != nil {
			return nil, fmt.Errorf("ids[%d]: %w", i, err)
		}
		shown[i] = claims.Claim{Network: v.Network, Gate: v.GateName, ID: id, State: state}
	}
	return shown, nil
}

func decode(data []byte) (p proof, err error) {
	if len(data) > maxProof {
		return p, fmt.Errorf("it exceeds %d bytes", maxProof)
	}
	path := func(in *abi.Tuple) (nodes [][]byte) {
		in.List(maxPath, func(in *abi.Tuple) { nodes = append(nodes, in.Bytes(maxNode)) })
		return nodes
	}
	err = abi.Decode(data, 1, func(outer *abi.Tuple) {
		outer.Nested(5, func(in *abi.Tuple) {
			p.header = in.Bytes(maxHeader)
			in.List(MaxAttestors, func(in *abi.Tuple) {
				p.attestations = append(p.attestations, in.Bytes(attestationLen))
			})
			p.accountProof = path(in)
			in.List(wire.MaxItems, func(in *abi.Tuple) { p.ids = append(p.ids, in.Bytes32()) })
			in.List(wire.MaxItems, func(in *abi.Tuple) { p.storageProofs = append(p.storageProofs, path(in)) })
		})
	})
	return p, err
}

// readHeader takes the state root and the number, fields 3 and 8 of every EVM chain's header. What follows them differs
// among chains and ages; the attested hash covers it.
func readHeader(header []byte) (stateRoot common.Hash, number uint64, err error) {
	fields, rest, err := rlp.SplitList(header)
	if err != nil || len(rest) > 0 {
		return stateRoot, 0, errors.New("the header isn't one RLP list")
	}
	for i := 0; i <= 8; i++ {
		kind, field, after, err := rlp.Split(fields)
		if err != nil || kind == rlp.List {
			return stateRoot, 0, fmt.Errorf("the header's field %d can't be read", i)
		}
		switch {
		case i == 3 && len(field) == common.HashLength:
			stateRoot = common.BytesToHash(field)
		case i == 3:
			return stateRoot, 0, errors.New("the header's state root isn't 32 bytes")
		case i == 8:
			if number, _, err = rlp.SplitUint64(fields); err != nil {
				return stateRoot, 0, errors.New("the header's number isn't one of 64 bits")
			}
		}
		fields = after
	}
	return stateRoot, number, nil
}

func readAccount(stateRoot common.Hash, gate common.Address, path [][]byte) (common.Hash, error) {
	value, err := lookUp(stateRoot, gate.Bytes(), path)
	if err != nil {
		return common.Hash{}, fmt.Errorf("the account proof: %w", err)
	}
	account := new(types.StateAccount)
	if err := rlp.DecodeBytes(value, account); err != nil {
		return common.Hash{}, errors.New("the account proof ends in no account")
	}
	return account.Root, nil
}

// states is the ERC-7201 slot of the namespace citygate.gate.states.
var states = func() common.Hash {
	inner := crypto.Keccak256Hash([]byte("citygate.gate.states")).Big()
	slot := crypto.Keccak256Hash(common.BigToHash(inner.Sub(inner, common.Big1)).Bytes())
	slot[31] = 0
	return slot
}()

func readState(storageRoot common.Hash, id terms.ID, path [][]byte) (terms.State, error) {
	slot := crypto.Keccak256(id[:], states[:])
	value, err := lookUp(storageRoot, slot, path)
	if err != nil {
		return terms.None, fmt.Errorf("the storage proof: %w", err)
	}
	// The RLP of a number below 128 is the number itself.
	if len(value) != 1 || value[0] < byte(terms.Prepared) || value[0] > byte(terms.Aborted) {
		return terms.None, errors.New("the slot holds no state")
	}
	return terms.State(value[0]), nil
}
