package ethereum_test

import (
	"bytes"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/math"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/signer/core/apitypes"

	"citygate/chaincode/internal/ethereum"
	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/terms"
)

func verifier(evm *ledgertest.EVM) *ethereum.Verifier {
	v := &ethereum.Verifier{Network: evm.Network, Gate: evm.Gate, GateName: evm.GateName(), Threshold: 2}
	for _, key := range evm.Attestors {
		v.Attestors = append(v.Attestors, crypto.PubkeyToAddress(key.PublicKey))
	}
	return v
}

func TestOneProofShowsManyClaims(t *testing.T) {
	evm := ledgertest.NewEVM("31337")
	ids := make([][32]byte, 50)
	for i := range ids {
		ids[i] = [32]byte{byte(i + 1)}
		evm.Set(ids[i], byte(i%3+1))
	}
	shown, err := verifier(evm).Verify(evm.Prove([]int{0, 1, 2}, ids...).Encode())
	if err != nil || len(shown) != len(ids) {
		t.Fatal(len(shown), err)
	}
	for i, claim := range shown {
		if claim.ID != ids[i] || claim.State != terms.State(i%3+1) || claim.Gate != evm.GateName() || claim.Network != evm.Network {
			t.Fatalf("%d: %+v", i, claim)
		}
	}
}

func TestASlotThatHoldsNoStateIsNoClaim(t *testing.T) {
	for value, good := range map[byte]bool{1: true, 2: true, 3: true, 4: false, 127: false, 255: false} {
		evm := ledgertest.NewEVM("31337")
		evm.Set([32]byte{1}, value)
		if _, err := verifier(evm).Verify(evm.Prove([]int{0, 1}, [32]byte{1}).Encode()); (err == nil) != good {
			t.Errorf("%d: %v", value, err)
		}
	}
}

func TestAttestorsSignTypedData(t *testing.T) {
	block := common.HexToHash("0x1234")
	typed := apitypes.TypedData{
		Types: apitypes.Types{
			"EIP712Domain": {{Name: "name", Type: "string"}, {Name: "version", Type: "string"}},
			"FinalHeader":  {{Name: "network", Type: "string"}, {Name: "number", Type: "uint256"}, {Name: "blockHash", Type: "bytes32"}},
		},
		PrimaryType: "FinalHeader",
		Domain:      apitypes.TypedDataDomain{Name: "CityGate Attestor", Version: "1"},
		Message: apitypes.TypedDataMessage{
			"network": "eip155:31337", "number": math.NewHexOrDecimal256(4711), "blockHash": block.Hex(),
		},
	}
	want, _, err := apitypes.TypedDataAndHash(typed)
	if err != nil {
		t.Fatal(err)
	}
	if got := ethereum.FinalHeaderHash("eip155:31337", 4711, block); got != common.BytesToHash(want) {
		t.Fatalf("%x is not %x", got, want)
	}
}

// Hostile bytes are refused without a panic, and only the proofs that the test made are accepted.
func FuzzVerify(f *testing.F) {
	evm := ledgertest.NewEVM("31337")
	evm.Set([32]byte{1}, 2)
	good := evm.Prove([]int{0, 1}, [32]byte{1}).Encode()
	f.Add(good)
	nodes := evm.Prove([]int{0, 1}, [32]byte{1})
	nodes.AccountProof = [][]byte{{0xc0}, {0xe2, 0x20, 0xa0}, {}}
	f.Add(nodes.Encode())
	f.Add(ledgertest.Proof{}.Encode())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		shown, err := verifier(evm).Verify(input)
		if genuine := bytes.Equal(input, good); genuine != (err == nil) {
			t.Fatalf("a proof, genuine: %t, shows %v: %v", genuine, shown, err)
		}
	})
}
