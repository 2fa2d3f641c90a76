package ledgertest

import (
	"bytes"
	"crypto/ecdsa"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/rawdb"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/ethereum/go-ethereum/trie/trienode"
	"github.com/ethereum/go-ethereum/triedb"

	"citygate/chaincode/internal/ethereum"
)

// EVM is a network with one gate, whose storage the test writes, and three attestors, in the order of their addresses.
type EVM struct {
	Network   string
	Gate      common.Address
	Attestors []*ecdsa.PrivateKey
	slots     map[common.Hash]byte
}

// NewEVM makes a network of a chain id, which its attestors' keys derive from.
func NewEVM(chain string) *EVM {
	evm := &EVM{
		Network: "eip155:" + chain, Gate: common.HexToAddress("0x5fbdb2315678afecb367f032d93f642f64180aa3"),
		slots: map[common.Hash]byte{},
	}
	for i := range byte(3) {
		evm.Attestors = append(evm.Attestors, must(crypto.ToECDSA(crypto.Keccak256([]byte(chain), []byte{i}))))
	}
	slices.SortFunc(evm.Attestors, func(a, b *ecdsa.PrivateKey) int {
		return bytes.Compare(crypto.PubkeyToAddress(a.PublicKey).Bytes(), crypto.PubkeyToAddress(b.PublicKey).Bytes())
	})
	return evm
}

// GateName is the gate as the protocol names it.
func (e *EVM) GateName() string { return lower(e.Gate) }

// AttestorNames are the attestors as a peer names them.
func (e *EVM) AttestorNames() (names []string) {
	for _, key := range e.Attestors {
		names = append(names, lower(crypto.PubkeyToAddress(key.PublicKey)))
	}
	return names
}

// Set writes a transfer's state into the gate's storage.
func (e *EVM) Set(id [32]byte, state byte) {
	e.Store(Slot(id), state)
}

// Store writes any slot.
func (e *EVM) Store(slot common.Hash, value byte) { e.slots[slot] = value }

// Prove shows the transfers' present states, attested by the attestors with these numbers.
func (e *EVM) Prove(attestors []int, ids ...[32]byte) Proof {
	storage := newTrie()
	for slot, value := range e.slots {
		must(0, storage.Update(crypto.Keccak256(slot[:]), must(rlp.EncodeToBytes([]byte{value}))))
	}
	accounts := newTrie()
	for i := range 200 {
		address := common.BigToAddress(big.NewInt(int64(i + 1)))
		must(0, accounts.Update(crypto.Keccak256(address[:]), account(types.EmptyRootHash)))
	}
	must(0, accounts.Update(crypto.Keccak256(e.Gate[:]), account(storage.Hash())))
	header := &types.Header{
		Root: accounts.Hash(), Number: big.NewInt(4711), Difficulty: new(big.Int),
		GasLimit: 30e6, Time: 1_800_000_000, BaseFee: big.NewInt(7), Extra: []byte("test"),
	}
	proof := Proof{
		Header: must(rlp.EncodeToBytes(header)), Ids: ids,
		AccountProof: prove(accounts, crypto.Keccak256(e.Gate[:])),
	}
	for _, id := range ids {
		slot := Slot(id)
		proof.StorageProofs = append(proof.StorageProofs, prove(storage, crypto.Keccak256(slot[:])))
	}
	for _, i := range attestors {
		proof.Attestations = append(proof.Attestations, e.Attest(e.Attestors[i], header.Number.Uint64(), proof.Header))
	}
	return proof
}

// Attest signs a header as final.
func (e *EVM) Attest(key *ecdsa.PrivateKey, number uint64, header []byte) []byte {
	digest := ethereum.FinalHeaderHash(e.Network, number, crypto.Keccak256Hash(header))
	signature := must(crypto.Sign(digest[:], key))
	signature[64] += 27
	return signature
}

// Slot, where a gate keeps the state of a transfer, is keccak256(id ‖ namespace), the namespace being ERC-7201's:
// keccak256(abi.encode(uint256(keccak256("citygate.gate.states")) - 1)) & ~bytes32(uint256(0xff)).
func Slot(id [32]byte) common.Hash {
	inner := crypto.Keccak256Hash([]byte("citygate.gate.states")).Big()
	namespace := crypto.Keccak256Hash(common.BigToHash(inner.Sub(inner, big.NewInt(1))).Bytes())
	namespace[31] = 0
	return crypto.Keccak256Hash(id[:], namespace[:])
}

func newTrie() *trie.Trie {
	return trie.NewEmpty(triedb.NewDatabase(rawdb.NewMemoryDatabase(), nil))
}

func account(root common.Hash) []byte {
	empty := types.NewEmptyStateAccount()
	empty.Root = root
	return must(rlp.EncodeToBytes(empty))
}

func prove(t *trie.Trie, key []byte) (nodes [][]byte) {
	var list trienode.ProofList
	must(0, t.Prove(key, &list))
	for _, node := range list {
		nodes = append(nodes, node)
	}
	return nodes
}

func lower(address common.Address) string { return "0x" + common.Bytes2Hex(address[:]) }
