package claims_test

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/common"

	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/ethereum"
	"citygate/chaincode/internal/ledgertest"
)

type vectors struct {
	TransferID  ledgertest.Hex `json:"transfer_id"`
	StorageKey  ledgertest.Hex `json:"storage_key"`
	FinalHeader struct {
		Network   string
		Number    uint64
		BlockHash ledgertest.Hex `json:"block_hash"`
		Digest    ledgertest.Hex
	} `json:"final_header"`
	FabricClaims struct {
		Network, Gate string
		IDs           []ledgertest.Hex
		States        []int
		Encoded       ledgertest.Hex
	} `json:"fabric_claims"`
}

func TestClaimsAreThoseOfTheVectors(t *testing.T) {
	v := ledgertest.ReadVectors[vectors](t, "claims.json")
	if slot := ledgertest.Slot([32]byte(v.TransferID)); slot != common.Hash(v.StorageKey) {
		t.Errorf("the slot of the transfer is %x", slot)
	}
	header := v.FinalHeader
	if digest := ethereum.FinalHeaderHash(header.Network, header.Number, common.Hash(header.BlockHash)); digest != common.Hash(header.Digest) {
		t.Errorf("an attestor signs %x", digest)
	}
	var ids [][32]byte
	var states []uint8
	for i, id := range v.FabricClaims.IDs {
		ids, states = append(ids, [32]byte(id)), append(states, uint8(v.FabricClaims.States[i]))
	}
	encoded, err := claims.Encode(v.FabricClaims.Network, v.FabricClaims.Gate, ids, states)
	if err != nil || !bytes.Equal(encoded, v.FabricClaims.Encoded) {
		t.Errorf("the answer of Claims is %x: %v", encoded, err)
	}
}
