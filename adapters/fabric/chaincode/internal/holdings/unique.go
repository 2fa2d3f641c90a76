package holdings

import (
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
)

// Unique is the row of an asset that is held as one: a ticket at home here, or the voucher of one that is at home
// elsewhere. Hashes and ids are hex digits.
type Unique struct {
	Owner       string `json:"owner,omitempty"` // empty while it is abroad
	Payload     []byte `json:"payload,omitempty"`
	PayloadHash string `json:"payload_hash,omitempty"`
	LockedBy    string `json:"locked_by,omitempty"`   // transfer
	Outstanding string `json:"outstanding,omitempty"` // the network that it is on, where that isn't its home
	RedeemedBy  string `json:"redeemed_by,omitempty"` // the validator's local event id
	Validator   string `json:"validator,omitempty"`   // account
	IssuedTo    string `json:"issued_to,omitempty"`   // account; empty for a voucher
	ValidFrom   uint64 `json:"valid_from,omitempty"`
	ValidUntil  uint64 `json:"valid_until,omitempty"`
}

// LoadUnique reads an asset's row; nil where there is none.
func LoadUnique(b *state.Buffer, asset string) (*Unique, error) {
	return state.Load[Unique](b, state.Key(state.Unique, asset))
}

// StoreUnique writes an asset's row.
func StoreUnique(b *state.Buffer, asset string, row *Unique) error {
	return state.Store(b, state.Key(state.Unique, asset), row)
}

type unique struct{}

func (unique) Lock(m Movement) error {
	row, err := LoadUnique(m.State, m.Leg.Asset.Name)
	switch {
	case err != nil:
		return err
	case row == nil:
		return m.refuse(refusal.Rejected, "%s doesn't exist here", m.Leg.Asset.Name)
	case row.LockedBy != "":
		return m.refuse(refusal.Conflict, "the asset is locked by transfer %s", row.LockedBy)
	case row.Outstanding != "":
		return m.refuse(refusal.Rejected, "the asset is on %s", row.Outstanding)
	case row.Owner != m.Leg.Sender:
		return m.refuse(refusal.Unauthorised, "the sender doesn't own the asset")
	case row.RedeemedBy != "":
		return m.refuse(refusal.Rejected, "the ticket is redeemed and doesn't leave")
	case row.PayloadHash != m.payloadHash():
		return m.refuse(refusal.Invalid, "the payload hash isn't the asset's")
	}
	row.LockedBy = m.transfer()
	return StoreUnique(m.State, m.Leg.Asset.Name, row)
}

func (unique) Recall(m Movement) error {
	row, err := LoadUnique(m.State, m.Leg.Asset.Name)
	switch {
	case err != nil:
		return err
	case row == nil || row.Outstanding != m.Leg.Source.Network:
		return m.refuse(refusal.Insufficient, "the asset isn't on %s", m.Leg.Source.Network)
	case row.PayloadHash != m.payloadHash():
		return m.refuse(refusal.Invalid, "the payload hash isn't the asset's")
	}
	row.LockedBy, row.Outstanding = m.transfer(), ""
	return StoreUnique(m.State, m.Leg.Asset.Name, row)
}

func (unique) Release(m Movement) error { return m.unlock(func(*Unique) {}) }

func (unique) Deliver(m Movement) error {
	return m.unlock(func(row *Unique) { row.Owner = m.Leg.Recipient })
}

func (unique) Send(m Movement) error {
	return m.unlock(func(row *Unique) { row.Owner, row.Outstanding = "", m.Leg.Destination.Network })
}

func (unique) Burn(m Movement) error {
	m.State.Delete(state.Key(state.Unique, m.Leg.Asset.Name))
	return nil
}

func (unique) Admit(m Movement) error {
	row, err := LoadUnique(m.State, m.Leg.Asset.Name)
	if err != nil || row == nil || row.LockedBy == m.transfer() {
		return err
	}
	return m.refuse(refusal.Conflict, "a voucher of the asset is here already")
}

// Mint drops what a home that keeps to the protocol can't have sent: it would be a second one of an asset that has an
// owner here. A voucher that is locked may be on its way out, decided but not yet settled, so that one waits.
func (unique) Mint(m Movement) (bool, error) {
	row, err := LoadUnique(m.State, m.Leg.Asset.Name)
	if err != nil {
		return false, err
	}
	if row != nil && row.LockedBy != "" {
		return false, m.refuse(refusal.Conflict,
			"the asset's voucher here is locked by transfer %s: settle that one first", row.LockedBy)
	}
	if row != nil {
		return false, nil
	}
	return true, StoreUnique(m.State, m.Leg.Asset.Name,
		&Unique{Owner: m.Leg.Recipient, Payload: m.Payload, PayloadHash: m.payloadHash()})
}

// unlock changes the row that this transfer locked.
func (m Movement) unlock(change func(*Unique)) error {
	row, err := LoadUnique(m.State, m.Leg.Asset.Name)
	if err != nil {
		return err
	}
	if row == nil || row.LockedBy != m.transfer() {
		return m.refuse(refusal.Rejected, "the asset isn't locked by this transfer")
	}
	row.LockedBy = ""
	change(row)
	return StoreUnique(m.State, m.Leg.Asset.Name, row)
}
