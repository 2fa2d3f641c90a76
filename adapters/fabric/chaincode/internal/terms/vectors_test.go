package terms_test

import (
	"strings"
	"testing"

	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/terms"
)

type vector struct {
	Name  string
	Terms struct {
		Participants []terms.Participant
		Initiator    string
		Deadline     uint64
		Legs         []struct {
			Asset, Amount, Sender, Recipient string
			PayloadHash                      ledgertest.Hex `json:"payload_hash"`
		}
	}
	Encoded, ID    ledgertest.Hex
	Authorizations []struct {
		Leg    int
		Digest ledgertest.Hex
	}
}

func TestTermsAreThoseOfTheVectors(t *testing.T) {
	for _, v := range ledgertest.ReadVectors[[]vector](t, "terms.json") {
		t.Run(v.Name, func(t *testing.T) {
			got, err := terms.Decode(v.Encoded)
			if err != nil {
				t.Fatal(err)
			}
			if got.ID != terms.ID(v.ID) || got.Initiator != v.Terms.Initiator || got.Deadline != v.Terms.Deadline ||
				len(got.Participants) != len(v.Terms.Participants) || len(got.Legs) != len(v.Terms.Legs) {
				t.Fatalf("%+v", got)
			}
			for i, want := range v.Terms.Legs {
				leg := got.Legs[i]
				if leg.Asset.Name != want.Asset || leg.Amount.String() != want.Amount || leg.Sender != want.Sender ||
					leg.Recipient != want.Recipient || leg.PayloadHash != [32]byte(want.PayloadHash) {
					t.Errorf("legs[%d]: %+v", i, leg)
				}
			}
			for _, authorization := range v.Authorizations {
				leg := got.Legs[authorization.Leg]
				if !strings.HasPrefix(leg.Source.Network, "fabric:") {
					continue
				}
				if digest := identity.Digest(leg.Source.Network, leg.Source.Gate, got, &leg); digest != [32]byte(authorization.Digest) {
					t.Errorf("legs[%d]: the digest to sign is %x", authorization.Leg, digest)
				}
			}
		})
	}
}
