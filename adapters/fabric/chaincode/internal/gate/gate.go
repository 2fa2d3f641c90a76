// Package gate is the protocol: prepare, decide and settle of one transfer, as docs/protocol.md has them.
package gate

import (
	"encoding/hex"

	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/governance"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// Gate is this network's gate as one transaction finds it. Now is the transaction's timestamp, in seconds since the epoch.
type Gate struct {
	Self   terms.Participant
	Now    uint64
	Caller identity.Caller
	Claims *claims.Set
}

// Outcome is what a verb did: the state that holds now, and an event for each change.
type Outcome struct {
	State  terms.State
	Events []wire.Event
}

// row is what the ledger holds for a transfer.
type row struct {
	State terms.State `json:"state"`
}

// Load reads a transfer's state.
func Load(b *state.Buffer, id terms.ID) (terms.State, error) {
	found, err := state.Load[row](b, key(id))
	if err != nil || found == nil {
		return terms.None, err
	}
	return found.State, nil
}

// Prepare locks what the transfer's legs need here.
func (g *Gate) Prepare(b *state.Buffer, item *wire.Item) (Outcome, error) {
	t, now, err := g.open(b, item)
	if err != nil || now == terms.Prepared {
		return Outcome{State: now}, err
	}
	if now != terms.None {
		return Outcome{State: now}, decided(now)
	}
	if err := t.prepare(); err != nil {
		return Outcome{State: now}, err
	}
	return t.enter(terms.Prepared, t.prepared())
}

// Decide commits or aborts on the deciding gate. A commit from NONE prepares first.
func (g *Gate) Decide(b *state.Buffer, item *wire.Item) (Outcome, error) {
	t, now, err := g.open(b, item)
	if err != nil || now == item.Outcome {
		return Outcome{State: now}, err
	}
	if t.terms.Decider != g.Self {
		return Outcome{State: now}, refusal.New(refusal.Invalid,
			"%s decides this transfer, and this gate settles it", t.terms.Decider.Network)
	}
	if now == terms.Committed || now == terms.Aborted {
		return Outcome{State: now}, decided(now)
	}
	if item.Outcome == terms.Aborted {
		return t.abort(now, g.mayAbort(t.terms))
	}
	if err := g.checkDeadline(t.terms); err != nil {
		return Outcome{State: now}, err
	}
	for _, other := range t.terms.Participants {
		if other == g.Self {
			continue
		}
		prepared := claims.Claim{Network: other.Network, Gate: other.Gate, ID: t.terms.ID, State: terms.Prepared}
		if err := g.Claims.Require(prepared); err != nil {
			return Outcome{State: now}, err
		}
	}
	var events []wire.Event
	if now == terms.None {
		if err := t.prepare(); err != nil {
			return Outcome{State: now}, err
		}
		events = append(events, t.prepared())
	}
	return t.commit(now, events)
}

// Settle applies the decision that the deciding gate's claim shows.
func (g *Gate) Settle(b *state.Buffer, item *wire.Item) (Outcome, error) {
	t, now, err := g.open(b, item)
	if err != nil || now == item.Outcome {
		return Outcome{State: now}, err
	}
	decider := t.terms.Decider
	if decider == g.Self {
		return Outcome{State: now}, refusal.New(refusal.Invalid, "this gate decides the transfer, it doesn't settle it")
	}
	if now == terms.Committed || now == terms.Aborted {
		return Outcome{State: now}, decided(now)
	}
	err = g.Claims.Require(claims.Claim{Network: decider.Network, Gate: decider.Gate, ID: t.terms.ID, State: item.Outcome})
	if err != nil || item.Outcome == terms.Aborted {
		return t.abort(now, err)
	}
	if now == terms.None {
		return Outcome{State: now}, refusal.New(refusal.Rejected, "the transfer isn't prepared here")
	}
	return t.commit(now, nil)
}

// open reads an item, and the state that its transfer has here.
func (g *Gate) open(b *state.Buffer, item *wire.Item) (*transfer, terms.State, error) {
	t, err := terms.Decode(item.Terms)
	if err != nil {
		return nil, terms.None, refusal.New(refusal.Invalid, "%s", err)
	}
	if hex.EncodeToString(t.ID[:]) != item.ID {
		return nil, terms.None, refusal.New(refusal.Invalid, "the terms don't hash to the id")
	}
	opened, err := newTransfer(g, b, t, item)
	if err != nil {
		return nil, terms.None, err
	}
	now, err := Load(b, t.ID)
	return opened, now, err
}

func (g *Gate) checkDeadline(t *terms.Terms) error {
	if g.Now > t.Deadline {
		return refusal.New(refusal.Rejected, "the deadline %d has passed; it is %d", t.Deadline, g.Now)
	}
	return nil
}

// mayAbort: the initiator at any time, anyone once the deadline has passed.
func (g *Gate) mayAbort(t *terms.Terms) error {
	if g.Caller.Account != t.Initiator && g.Now <= t.Deadline {
		return refusal.New(refusal.Unauthorised,
			"until the deadline %d only %s may abort; it is %d", t.Deadline, t.Initiator, g.Now)
	}
	return nil
}

// checkPeers holds that every other participant is a gate whose claims this one believes.
func (g *Gate) checkPeers(b *state.Buffer, t *terms.Terms) error {
	for i, other := range t.Participants {
		if other == g.Self {
			continue
		}
		peers, err := governance.Peers(b, other.Network, g.Now)
		if err != nil {
			return err
		}
		known := false
		for _, peer := range peers {
			known = known || peer.Gate == other.Gate
		}
		if !known {
			return refusal.New(refusal.Rejected,
				"participants[%d]: %.80s on %s is no peer of this gate", i, other.Gate, other.Network)
		}
	}
	return nil
}

func decided(now terms.State) error {
	return refusal.New(refusal.AlreadyApplied, "the transfer is %s", now)
}

func key(id terms.ID) string { return state.Key(state.Transfer, hex.EncodeToString(id[:])) }
