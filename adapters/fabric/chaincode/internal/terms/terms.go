// Package terms reads the immutable content of a transfer, in the encoding of docs/protocol.md.
package terms

import (
	"crypto/sha256"
	"fmt"
	"math/big"

	"citygate/chaincode/internal/abi"
	"citygate/chaincode/internal/caip"
)

// The bounds of a transfer; lengths in bytes.
const (
	MaxParticipants = 8
	MaxLegs         = 16
	MaxPayload      = 8192
	MaxTerms        = 16384
	version         = 1
)

// ID is a transfer's id: the SHA-256 of its encoded terms.
type ID [32]byte

// Participant is a network and its gate there.
type Participant struct{ Network, Gate string }

// Leg is an amount of one asset on its way from a sender to a recipient.
type Leg struct {
	Asset       caip.Asset
	Amount      *big.Int
	Source      Participant
	Sender      string
	Destination Participant
	Recipient   string
	PayloadHash [32]byte
}

// Terms is what a transfer's id commits to. The deadline is in seconds since the epoch, by the decider's clock.
type Terms struct {
	ID           ID
	Participants []Participant
	Decider      Participant
	Initiator    string
	Deadline     uint64
	Legs         []Leg
}

// HasPayload says whether the leg's asset carries a payload.
func (l *Leg) HasPayload() bool { return l.PayloadHash != [32]byte{} }

// raw is the content as encoded, before its indices are looked up.
type raw struct {
	participants []Participant
	decider      uint64
	legs         []rawLeg
}

type rawLeg struct {
	asset, sender, recipient string
	amount                   *big.Int
	source, destination      uint64
	payloadHash              [32]byte
}

// Decode reads encoded terms and holds them to docs/protocol.md; the error names the first fault and where it is.
func Decode(encoded []byte) (*Terms, error) {
	if len(encoded) > MaxTerms {
		return nil, fmt.Errorf("the terms exceed %d bytes", MaxTerms)
	}
	t, read, number := &Terms{ID: sha256.Sum256(encoded)}, raw{}, uint64(0)
	err := abi.Decode(encoded, 1, func(outer *abi.Tuple) {
		outer.Nested(7, func(in *abi.Tuple) {
			number = in.Uint(8)
			in.Each(MaxParticipants, 2, func(in *abi.Tuple) {
				read.participants = append(read.participants, Participant{text(in), text(in)})
			})
			read.decider = in.Uint(8)
			t.Initiator = text(in)
			t.Deadline = in.Uint(64)
			in.Bytes32() // the salt
			in.Each(MaxLegs, 7, func(in *abi.Tuple) { read.legs = append(read.legs, leg(in)) })
		})
	})
	if err != nil {
		return nil, fmt.Errorf("the terms aren't the ABI encoding of terms: %w", err)
	}
	if number != version {
		return nil, fmt.Errorf("terms of version %d; this gate knows version %d", number, version)
	}
	return t, t.check(read)
}

func text(in *abi.Tuple) string { return string(in.Bytes(caip.MaxString)) }

func leg(in *abi.Tuple) rawLeg {
	return rawLeg{
		asset: text(in), amount: in.Uint256(),
		source: in.Uint(8), sender: text(in),
		destination: in.Uint(8), recipient: text(in),
		payloadHash: in.Bytes32(),
	}
}

func (t *Terms) check(read raw) error {
	count := uint64(len(read.participants))
	if count == 0 || len(read.legs) == 0 {
		return fmt.Errorf("terms have 1 to %d participants and 1 to %d legs", MaxParticipants, MaxLegs)
	}
	if read.decider >= count {
		return fmt.Errorf("decider: no participant %d", read.decider)
	}
	if !caip.IsVisible(t.Initiator) {
		return fmt.Errorf("initiator: 1 to %d visible ASCII characters", caip.MaxString)
	}
	for i, p := range read.participants {
		if !caip.IsNetwork(p.Network) || !caip.IsVisible(p.Gate) {
			return fmt.Errorf("participants[%d]: a CAIP-2 network and its gate", i)
		}
		if i > 0 && read.participants[i-1].Network >= p.Network {
			return fmt.Errorf("participants[%d]: networks must be strictly ascending", i)
		}
	}
	t.Participants, t.Decider = read.participants, read.participants[read.decider]
	used := map[string]bool{}
	for i, r := range read.legs {
		leg, err := t.leg(r, count)
		if err != nil {
			return fmt.Errorf("legs[%d].%w", i, err)
		}
		t.Legs = append(t.Legs, leg)
		used[leg.Asset.Home], used[leg.Source.Network], used[leg.Destination.Network] = true, true, true
	}
	for i, p := range t.Participants {
		if !used[p.Network] {
			return fmt.Errorf("participants[%d]: it takes no part in any leg", i)
		}
	}
	return nil
}

func (t *Terms) leg(r rawLeg, participants uint64) (Leg, error) {
	asset, err := caip.ParseAsset(r.asset)
	switch {
	case err != nil:
		return Leg{}, fmt.Errorf("asset: %w", err)
	case !t.takesPart(asset.Home):
		return Leg{}, fmt.Errorf("asset: its home %s is no participant", asset.Home)
	case r.source >= participants:
		return Leg{}, fmt.Errorf("source: no participant %d", r.source)
	case asset.Home != t.Participants[r.source].Network && asset.Home != t.Decider.Network:
		return Leg{}, fmt.Errorf("asset: it leaves a network that isn't its home, so its home %s must decide", asset.Home)
	case r.destination >= participants:
		return Leg{}, fmt.Errorf("destination: no participant %d", r.destination)
	case r.amount.Sign() == 0:
		return Leg{}, fmt.Errorf("amount: above zero")
	case asset.Unique && r.amount.Cmp(big.NewInt(1)) != 0:
		return Leg{}, fmt.Errorf("amount: 1, the asset is unique")
	case !caip.IsVisible(r.sender):
		return Leg{}, fmt.Errorf("sender: 1 to %d visible ASCII characters", caip.MaxString)
	case !caip.IsVisible(r.recipient):
		return Leg{}, fmt.Errorf("recipient: 1 to %d visible ASCII characters", caip.MaxString)
	}
	return Leg{
		asset, r.amount, t.Participants[r.source], r.sender,
		t.Participants[r.destination], r.recipient, r.payloadHash,
	}, nil
}

func (t *Terms) takesPart(network string) bool {
	for _, p := range t.Participants {
		if p.Network == network {
			return true
		}
	}
	return false
}
