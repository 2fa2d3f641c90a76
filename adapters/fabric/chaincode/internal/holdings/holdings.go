// Package holdings is who has what on this network: unique assets, fungible vouchers, and what is locked or abroad.
//
// Whatever could stop a settlement is refused when a transfer is prepared. So locking checks, and applying or releasing
// what was locked only writes. Only a home recalls, which checks when it decides: that ties nothing up before.
package holdings

import (
	"encoding/hex"
	"fmt"

	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
)

// Movement is one leg of a transfer at this network's gate.
type Movement struct {
	State    *state.Buffer
	Transfer terms.ID
	Number   int // of the leg
	Leg      *terms.Leg
	Gate     string   // in whose name locked fungible rows are held
	Inputs   []string // the rows that pay, where the asset is fungible
	Payload  []byte
}

// Kind is how assets of a kind move. A movement calls Lock or Recall once, and then one of what applies it or, after Lock,
// what undoes it.
type Kind interface {
	// Lock takes the asset out of its sender's hands.
	Lock(Movement) error
	// Release gives back what Lock took.
	Release(Movement) error
	// Burn ends a voucher that Lock took.
	Burn(Movement) error
	// Recall takes, at home and on its own decision, what another network gives back.
	Recall(Movement) error
	// Deliver hands what Lock or Recall took, at home, to the recipient.
	Deliver(Movement) error
	// Send leaves what Lock or Recall took, at home, in escrow for the destination.
	Send(Movement) error
	// Admit checks that Mint can do its work later.
	Admit(Movement) error
	// Mint makes a voucher for the recipient; false where the home has sent what is here already.
	Mint(Movement) (bool, error)
}

// Of is the kind of the movement's asset.
func Of(m Movement) Kind {
	if m.Leg.Asset.Unique {
		return unique{}
	}
	return fungible{}
}

func (m Movement) transfer() string { return hex.EncodeToString(m.Transfer[:]) }

func (m Movement) payloadHash() string {
	if !m.Leg.HasPayload() {
		return ""
	}
	return hex.EncodeToString(m.Leg.PayloadHash[:])
}

func (m Movement) refuse(reason refusal.Reason, format string, args ...any) error {
	return refusal.New(reason, "legs[%d]: %s", m.Number, fmt.Sprintf(format, args...))
}
