package holdings

import (
	"fmt"
	"math/big"
	"regexp"

	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
)

// MaxInputs bounds the rows that pay for one leg.
const MaxInputs = 64

// Fungible is one of the rows that add up to a holding. Its key names the asset, the owner and the leg that made it, so
// that two transfers never write the same row.
type Fungible struct {
	Amount string `json:"amount"` // decimal
}

var rowName = regexp.MustCompile(`^[0-9a-f]{64}\.(?:[0-9]|1[0-5])(?:\.(?:change|back))?$`)

// IsRow says whether a string can name a row.
func IsRow(name string) bool { return rowName.MatchString(name) }

// Value is a row's amount.
func (f *Fungible) Value() (*big.Int, error) {
	value, ok := new(big.Int).SetString(f.Amount, 10)
	if !ok {
		return nil, fmt.Errorf("a row's amount can't be read: %.80q", f.Amount)
	}
	return value, nil
}

// fungible moves vouchers of assets at home on an EVM. No fungible asset is at home on this network.
type fungible struct{}

func (fungible) Lock(m Movement) error {
	if m.Leg.Source.Network == m.Leg.Asset.Home {
		return m.notHere()
	}
	if err := m.amountAlone(); err != nil {
		return err
	}
	if len(m.Inputs) > MaxInputs {
		return m.refuse(refusal.Invalid, "%d inputs; a leg takes at most %d", len(m.Inputs), MaxInputs)
	}
	sum := new(big.Int)
	for _, name := range m.Inputs {
		value, err := m.spend(name)
		if err != nil {
			return err
		}
		sum.Add(sum, value)
	}
	change := sum.Sub(sum, m.Leg.Amount)
	if change.Sign() < 0 {
		return m.refuse(refusal.Insufficient, "the inputs are %s short of %s", new(big.Int).Neg(change), m.Leg.Amount)
	}
	if change.Sign() > 0 {
		if err := m.hold(m.Leg.Sender, m.row()+".change", change); err != nil {
			return err
		}
	}
	return m.hold(m.Gate, m.row(), m.Leg.Amount)
}

func (f fungible) Release(m Movement) error {
	m.State.Delete(m.key(m.Gate, m.row()))
	return m.hold(m.Leg.Sender, m.row()+".back", m.Leg.Amount)
}

func (fungible) Burn(m Movement) error {
	m.State.Delete(m.key(m.Gate, m.row()))
	return nil
}

func (fungible) Admit(m Movement) error { return m.amountAlone() }

func (fungible) Mint(m Movement) (bool, error) {
	return true, m.hold(m.Leg.Recipient, m.row(), m.Leg.Amount)
}

func (fungible) Recall(m Movement) error  { return m.notHere() }
func (fungible) Deliver(m Movement) error { return m.notHere() }
func (fungible) Send(m Movement) error    { return m.notHere() }

func (m Movement) notHere() error {
	return m.refuse(refusal.Unsupported, "no fungible asset is at home on this network")
}

func (m Movement) amountAlone() error {
	if m.Leg.HasPayload() {
		return m.refuse(refusal.Unsupported, "a fungible asset carries no payload")
	}
	return nil
}

// spend consumes one of the sender's rows.
func (m Movement) spend(name string) (*big.Int, error) {
	if !IsRow(name) {
		return nil, m.refuse(refusal.Invalid, "%.80q is no row", name)
	}
	key := m.key(m.Leg.Sender, name)
	row, err := state.Load[Fungible](m.State, key)
	if err != nil {
		return nil, err
	}
	if row == nil {
		return nil, m.refuse(refusal.Conflict, "the sender's row %s doesn't exist, or not any more", name)
	}
	m.State.Delete(key)
	return row.Value()
}

func (m Movement) hold(owner, row string, amount *big.Int) error {
	return state.Store(m.State, m.key(owner, row), &Fungible{amount.String()})
}

func (m Movement) row() string { return fmt.Sprintf("%s.%d", m.transfer(), m.Number) }

func (m Movement) key(owner, row string) string {
	return state.Key(state.Fungible, m.Leg.Asset.Name, owner, row)
}
