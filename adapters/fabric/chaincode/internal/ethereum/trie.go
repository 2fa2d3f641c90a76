package ethereum

import (
	"errors"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/trie"
)

// nodes finds the nodes of a path by their hash, which makes them what they are.
type nodes map[common.Hash][]byte

// Get implements the reader that trie.VerifyProof wants.
func (n nodes) Get(key []byte) ([]byte, error) { return n[common.BytesToHash(key)], nil }

// Has implements the reader that trie.VerifyProof wants.
func (n nodes) Has(key []byte) (bool, error) {
	_, found := n[common.BytesToHash(key)]
	return found, nil
}

// lookUp answers with the value at a key of a secure trie, whose keys are hashed, and fails where there is none.
func lookUp(root common.Hash, key []byte, path [][]byte) ([]byte, error) {
	known := make(nodes, len(path))
	for _, node := range path {
		known[crypto.Keccak256Hash(node)] = node
	}
	value, err := trie.VerifyProof(root, crypto.Keccak256(key), known)
	if err != nil {
		return nil, errors.New("the nodes don't lead from the root to the key")
	}
	if len(value) == 0 {
		return nil, errors.New("there is nothing at the key")
	}
	return value, nil
}
