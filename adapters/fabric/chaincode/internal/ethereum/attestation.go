package ethereum

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
)

// EIP-712, with the domain and the type that docs/protocol.md gives.
var (
	attestorDomain = crypto.Keccak256(
		crypto.Keccak256([]byte("EIP712Domain(string name,string version)")),
		crypto.Keccak256([]byte("CityGate Attestor")),
		crypto.Keccak256([]byte("1")),
	)
	finalHeader = crypto.Keccak256([]byte("FinalHeader(string network,uint256 number,bytes32 blockHash)"))
)

// FinalHeaderHash is what an attestor signs.
func FinalHeaderHash(network string, number uint64, block common.Hash) common.Hash {
	content := crypto.Keccak256(
		finalHeader,
		crypto.Keccak256([]byte(network)),
		common.BigToHash(new(big.Int).SetUint64(number)).Bytes(),
		block.Bytes(),
	)
	return crypto.Keccak256Hash([]byte{0x19, 0x01}, attestorDomain, content)
}

// checkAttestations holds that at least threshold attestors signed, and that nobody else did. Ascending signers can't
// come twice.
func (v *Verifier) checkAttestations(number uint64, block common.Hash, attestations [][]byte) error {
	if len(attestations) < v.Threshold {
		return fmt.Errorf("%d attestations of %d", len(attestations), v.Threshold)
	}
	digest := FinalHeaderHash(v.Network, number, block)
	var last common.Address
	for i, attestation := range attestations {
		signer, err := recoverSigner(digest, attestation)
		if err != nil {
			return fmt.Errorf("attestations[%d]: %w", i, err)
		}
		if i > 0 && bytes.Compare(last[:], signer[:]) >= 0 {
			return fmt.Errorf("attestations[%d]: the signers aren't strictly ascending", i)
		}
		if !slices.Contains(v.Attestors, signer) {
			return fmt.Errorf("attestations[%d]: no attestor of %s signed it", i, v.Network)
		}
		last = signer
	}
	return nil
}

// recoverSigner takes a signature r ‖ s ‖ v with low S and v of 27 or 28, so that each has one form.
func recoverSigner(digest common.Hash, signature []byte) (common.Address, error) {
	if len(signature) != attestationLen {
		return common.Address{}, fmt.Errorf("a signature has %d bytes", attestationLen)
	}
	id := signature[64] - 27 // wraps below 27, which ValidateSignatureValues refuses
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:64])
	if !crypto.ValidateSignatureValues(id, r, s, true) {
		return common.Address{}, errors.New("r, s or v is out of range, or s is high")
	}
	key, err := crypto.SigToPub(digest.Bytes(), append(slices.Clone(signature[:64]), id))
	if err != nil {
		return common.Address{}, errors.New("no key can have made the signature")
	}
	return crypto.PubkeyToAddress(*key), nil
}
