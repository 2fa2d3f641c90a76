package terms_test

import (
	"bytes"
	"crypto/sha256"
	"math/big"
	"testing"

	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/terms"
)

func sample() ledgertest.Terms {
	return ledgertest.Terms{
		Version: 1,
		Participants: []ledgertest.Participant{
			{Network: "eip155:31337", Gate: "0x5fbdb2315678afecb367f032d93f642f64180aa3"},
			{Network: "fabric:9f86d081884c7d659a2feaa0c55ad015", Gate: "citychannel.citygate"},
		},
		Decider: 1, Initiator: "Org1MSP.0000000000000000000000000000000000000000", Deadline: 1_800_003_600, Salt: [32]byte{1},
		Legs: []ledgertest.Leg{{
			Asset:  "eip155:31337/erc20:0xe7f1725e7734ce288f8367e1bb143e90bb3f0512",
			Amount: new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1)), Source: 0, Sender: "0xf39f",
			Destination: 1, Recipient: "Org1MSP.1111111111111111111111111111111111111111", PayloadHash: [32]byte{2},
		}},
	}
}

func TestTermsAreWhatWasEncoded(t *testing.T) {
	want := sample()
	encoded := want.Encode()
	got, err := terms.Decode(encoded)
	if err != nil {
		t.Fatal(err)
	}
	leg, wantLeg := got.Legs[0], want.Legs[0]
	if got.ID != sha256.Sum256(encoded) || got.Deadline != want.Deadline || got.Initiator != want.Initiator ||
		got.Decider.Network != want.Participants[1].Network || leg.Source.Gate != want.Participants[0].Gate ||
		leg.Asset.Name != wantLeg.Asset || leg.Amount.Cmp(wantLeg.Amount) != 0 || leg.Sender != wantLeg.Sender ||
		leg.Recipient != wantLeg.Recipient || leg.PayloadHash != wantLeg.PayloadHash {
		t.Fatalf("%+v", got)
	}
}

// Whatever decodes is what go-ethereum's encoder makes of the same content: no two encodings of one transfer.
func FuzzDecode(f *testing.F) {
	good := sample().Encode()
	f.Add(good)
	f.Add(good[:len(good)-32])
	f.Add(append(bytes.Clone(good), make([]byte, 32)...))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, input []byte) {
		got, err := terms.Decode(input)
		if err != nil {
			return
		}
		if again := encode(got, input); !bytes.Equal(again, input) {
			t.Fatalf("another encoding of the same terms:\n%x\n%x", input, again)
		}
	})
}

func encode(got *terms.Terms, input []byte) []byte {
	index := func(p terms.Participant) uint8 {
		for i, participant := range got.Participants {
			if participant == p {
				return uint8(i)
			}
		}
		panic("no participant")
	}
	again := ledgertest.Terms{
		Version: 1, Decider: index(got.Decider), Initiator: got.Initiator, Deadline: got.Deadline,
		Salt: [32]byte(input[6*32 : 7*32]), // the outer offset, then five heads
	}
	for _, p := range got.Participants {
		again.Participants = append(again.Participants, ledgertest.Participant(p))
	}
	for _, leg := range got.Legs {
		again.Legs = append(again.Legs, ledgertest.Leg{
			Asset: leg.Asset.Name, Amount: leg.Amount, Source: index(leg.Source), Sender: leg.Sender,
			Destination: index(leg.Destination), Recipient: leg.Recipient, PayloadHash: leg.PayloadHash,
		})
	}
	return again.Encode()
}
