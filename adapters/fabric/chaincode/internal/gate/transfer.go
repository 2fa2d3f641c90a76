package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/governance"
	"citygate/chaincode/internal/holdings"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// transfer is one transfer at this gate: what its legs do here, after the table "What a leg does at a gate".
type transfer struct {
	gate           *Gate
	state          *state.Buffer
	terms          *terms.Terms
	encoded        []byte
	payloads       [][]byte
	authorizations [][]byte
	inputs         [][]string
}

func newTransfer(g *Gate, b *state.Buffer, t *terms.Terms, item *wire.Item) (*transfer, error) {
	if !slices.Contains(t.Participants, g.Self) {
		return nil, refusal.New(refusal.Invalid, "this gate, %s on %s, is no participant", g.Self.Gate, g.Self.Network)
	}
	opened := &transfer{g, b, t, item.Terms, item.Payloads, item.Authorizations, item.Inputs}
	if opened.payloads == nil {
		opened.payloads = make([][]byte, len(t.Legs))
	}
	if opened.authorizations == nil {
		opened.authorizations = make([][]byte, len(t.Legs))
	}
	if opened.inputs == nil {
		opened.inputs = make([][]string, len(t.Legs))
	}
	if len(opened.payloads) != len(t.Legs) || len(opened.authorizations) != len(t.Legs) || len(opened.inputs) != len(t.Legs) {
		return nil, refusal.New(refusal.Invalid, "payloads, authorizations and inputs: one for each leg, or none")
	}
	return opened, nil
}

// prepare checks everything that could later stop the settlement, and locks.
func (t *transfer) prepare() error {
	if err := t.gate.checkDeadline(t.terms); err != nil {
		return err
	}
	if err := t.gate.checkPeers(t.state, t.terms); err != nil {
		return err
	}
	if _, ok := caip.Organisation(t.terms.Initiator); !ok && t.terms.Decider == t.gate.Self {
		return refusal.New(refusal.Invalid, "initiator: an account of the deciding network, such as Org1MSP.<40 hex digits>")
	}
	for i := range t.terms.Legs {
		if err := t.prepareLeg(t.movement(i)); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) prepareLeg(m holdings.Movement) error {
	leg, kind := m.Leg, holdings.Of(m)
	if err := t.checkPayload(m); err != nil {
		return err
	}
	if leg.Source == t.gate.Self {
		if err := t.checkAuthorization(m); err != nil {
			return err
		}
		if err := kind.Lock(m); err != nil {
			return err
		}
	}
	if leg.Destination != t.gate.Self {
		return nil
	}
	if _, ok := caip.Organisation(leg.Recipient); !ok {
		return refusal.New(refusal.Invalid, "legs[%d].recipient: an account such as Org1MSP.<40 hex digits>", m.Number)
	}
	if leg.Asset.Home == t.gate.Self.Network {
		return nil
	}
	return kind.Admit(m)
}

// commit applies what each leg does here.
func (t *transfer) commit(now terms.State, events []wire.Event) (Outcome, error) {
	events = append(events, wire.Event{Kind: "committed", ID: t.id()})
	for i := range t.terms.Legs {
		minted, err := t.commitLeg(t.movement(i))
		if err != nil {
			return Outcome{State: now}, err
		}
		if !minted {
			events = append(events, wire.Event{Kind: "dropped", ID: t.id(), Asset: t.terms.Legs[i].Asset.Name})
		}
	}
	return t.enter(terms.Committed, events...)
}

func (t *transfer) commitLeg(m holdings.Movement) (minted bool, err error) {
	leg, kind, self := m.Leg, holdings.Of(m), t.gate.Self
	if leg.Asset.Home == self.Network {
		// A home decides what comes from elsewhere, so this happens with the source's claim at hand and nothing is reserved before.
		if leg.Source != self {
			if err := kind.Recall(m); err != nil {
				return false, err
			}
		}
		if leg.Destination == self {
			return true, kind.Deliver(m)
		}
		return true, kind.Send(m)
	}
	if leg.Source == self {
		if err := kind.Burn(m); err != nil {
			return false, err
		}
	}
	if leg.Destination != self {
		return true, nil
	}
	if err := t.checkPayload(m); err != nil {
		return false, err
	}
	return kind.Mint(m)
}

// abort gives back what was locked. From NONE it leaves a tombstone, so that a late prepare can't lock anything.
func (t *transfer) abort(now terms.State, forbidden error) (Outcome, error) {
	if forbidden != nil {
		return Outcome{State: now}, forbidden
	}
	for i := range t.terms.Legs {
		if now == terms.None {
			break
		}
		if err := t.abortLeg(t.movement(i)); err != nil {
			return Outcome{State: now}, err
		}
	}
	return t.enter(terms.Aborted, wire.Event{Kind: "aborted", ID: t.id()})
}

func (t *transfer) abortLeg(m holdings.Movement) error {
	if m.Leg.Source != t.gate.Self {
		return nil
	}
	return holdings.Of(m).Release(m)
}

func (t *transfer) movement(i int) holdings.Movement {
	return holdings.Movement{
		State: t.state, Transfer: t.terms.ID, Number: i, Leg: &t.terms.Legs[i],
		Gate: t.gate.Self.Gate, Inputs: t.inputs[i], Payload: t.payloads[i],
	}
}

// checkPayload holds that the payload of a leg that begins or ends here is what the terms commit to.
func (t *transfer) checkPayload(m holdings.Movement) error {
	if m.Leg.Source != t.gate.Self && m.Leg.Destination != t.gate.Self {
		return nil
	}
	switch {
	case len(m.Payload) > terms.MaxPayload:
		return refusal.New(refusal.Invalid, "payloads[%d]: more than %d bytes", m.Number, terms.MaxPayload)
	case !m.Leg.HasPayload() && len(m.Payload) > 0:
		return refusal.New(refusal.Invalid, "payloads[%d]: the leg has none", m.Number)
	case m.Leg.HasPayload() && sha256.Sum256(m.Payload) != m.Leg.PayloadHash:
		return refusal.New(refusal.Invalid, "payloads[%d]: it doesn't hash to the leg's payload hash", m.Number)
	}
	return nil
}

// checkAuthorization holds that the sender of a leg wants these terms: it calls, its operator calls, or it signed.
func (t *transfer) checkAuthorization(m holdings.Movement) error {
	if t.gate.Caller.Account == m.Leg.Sender {
		return nil
	}
	if operator, err := governance.IsOperator(t.state, m.Leg.Sender, t.gate.Caller.Account); err != nil || operator {
		return err
	}
	given := t.authorizations[m.Number]
	if len(given) == 0 {
		return refusal.New(refusal.Unauthorised, "legs[%d]: %s didn't authorise it", m.Number, m.Leg.Sender)
	}
	digest := identity.Digest(t.gate.Self.Network, t.gate.Self.Gate, t.terms, m.Leg)
	if err := identity.Verify(m.Leg.Sender, digest, given); err != nil {
		return refusal.New(refusal.Unauthorised, "authorizations[%d]: %s", m.Number, err)
	}
	return nil
}

func (t *transfer) enter(next terms.State, events ...wire.Event) (Outcome, error) {
	return Outcome{next, events}, state.Store(t.state, key(t.terms.ID), &row{next})
}

// prepared publishes the terms and the payloads of the legs that begin or end here.
func (t *transfer) prepared() wire.Event {
	payloads := make([][]byte, len(t.payloads))
	for i, leg := range t.terms.Legs {
		payloads[i] = []byte{}
		if leg.Source == t.gate.Self || leg.Destination == t.gate.Self {
			payloads[i] = append(payloads[i], t.payloads[i]...)
		}
	}
	return wire.Event{Kind: "prepared", ID: t.id(), Terms: t.encoded, Payloads: payloads}
}

func (t *transfer) id() string { return hex.EncodeToString(t.terms.ID[:]) }
