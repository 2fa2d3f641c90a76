package contract

import (
	"errors"

	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/gate"
	"citygate/chaincode/internal/governance"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/tickets"
	"citygate/chaincode/internal/wire"
)

// each runs a batch. Every item has a fork of the ledger to itself: what one that is refused wrote is forgotten, and
// its refusal is told in an event. A fault of the ledger itself fails the call.
func (c *call) each(
	count int,
	run func(i int, b *state.Buffer) (result any, events []wire.Event, err error),
	refused func(i int, result any, refused *refusal.Refusal) (any, wire.Event),
) (wire.Results, error) {
	results := wire.Results{Results: make([]any, count)}
	for i := range count {
		fork := c.state.Fork()
		result, events, err := run(i, fork)
		if why := (*refusal.Refusal)(nil); errors.As(err, &why) {
			var event wire.Event
			results.Results[i], event = refused(i, result, why)
			c.events = append(c.events, event)
			continue
		}
		if err != nil {
			return wire.Results{}, err
		}
		fork.Merge()
		results.Results[i] = result
		c.events = append(c.events, events...)
	}
	return results, nil
}

type verb func(*gate.Gate, *state.Buffer, *wire.Item) (gate.Outcome, error)

func prepare(c *call) (any, error) { return c.transfer((*gate.Gate).Prepare, false) }
func decide(c *call) (any, error)  { return c.transfer((*gate.Gate).Decide, true) }
func settle(c *call) (any, error)  { return c.transfer((*gate.Gate).Settle, true) }

// transfer runs a verb of the protocol on a batch; decides says whether its items have outcomes, and the call proofs.
func (c *call) transfer(run verb, decides bool) (any, error) {
	batch := wire.Batch{}
	if err := c.read(&batch); err != nil {
		return nil, err
	}
	if err := wire.CheckItems(len(batch.Items)); err != nil {
		return nil, err
	}
	for i, item := range batch.Items {
		if final := item.Outcome == terms.Committed || item.Outcome == terms.Aborted; decides != final {
			return nil, refusal.New(refusal.Invalid, "items[%d].outcome: 2 or 3 for a decision, none for a preparation", i)
		}
	}
	shown, err := claims.Collect(batch.Proofs, c.verifiers)
	if err != nil {
		return nil, err
	}
	g := &gate.Gate{Self: c.config.self(), Now: c.now, Caller: c.caller, Claims: shown}
	return c.each(len(batch.Items),
		func(i int, b *state.Buffer) (any, []wire.Event, error) {
			outcome, err := run(g, b, &batch.Items[i])
			return wire.TransferResult{ID: batch.Items[i].ID, State: outcome.State}, outcome.Events, err
		},
		func(i int, result any, why *refusal.Refusal) (any, wire.Event) {
			answer := result.(wire.TransferResult)
			answer.Refused = why
			return answer, wire.Event{Kind: "refused", ID: answer.ID, Refusal: why}
		})
}

func (c *call) verifiers(network string) ([]claims.Verifier, error) {
	peers, err := governance.Peers(c.state, network, c.now)
	if err != nil {
		return nil, err
	}
	verifiers := make([]claims.Verifier, len(peers))
	for i := range peers {
		verifiers[i] = peers[i].Verifier()
	}
	return verifiers, nil
}

func issueTickets(c *call) (any, error) {
	batch := wire.Tickets{}
	if err := c.readFor(governance.Issuer, &batch); err != nil {
		return nil, err
	}
	if err := wire.CheckItems(len(batch.Items)); err != nil {
		return nil, err
	}
	return c.each(len(batch.Items),
		func(i int, b *state.Buffer) (any, []wire.Event, error) {
			asset := c.config.tickets() + "/" + batch.Items[i].ID
			issued, err := tickets.Issue(b, asset, batch.Items[i])
			return wire.TicketResult{Asset: asset}, eventIf(issued, wire.Event{Kind: "issued", Asset: asset}), err
		}, ticketRefused)
}

func redeemTickets(c *call) (any, error) {
	batch := wire.Redemptions{}
	if err := c.readFor(governance.Validator, &batch); err != nil {
		return nil, err
	}
	if err := wire.CheckItems(len(batch.Items)); err != nil {
		return nil, err
	}
	return c.each(len(batch.Items),
		func(i int, b *state.Buffer) (any, []wire.Event, error) {
			asset := batch.Items[i].Asset
			event, redeemed, err := tickets.Redeem(b, c.caller, batch.Items[i], c.now)
			return wire.TicketResult{Asset: asset, LocalEventID: event},
				eventIf(redeemed, wire.Event{Kind: "redeemed", Asset: asset, Event: event}), err
		}, ticketRefused)
}

func ticketRefused(_ int, result any, why *refusal.Refusal) (any, wire.Event) {
	answer := result.(wire.TicketResult)
	answer.Refused = why
	return answer, wire.Event{Kind: "refused", Asset: answer.Asset, Refusal: why}
}

func eventIf(happened bool, event wire.Event) []wire.Event {
	if !happened {
		return nil
	}
	return []wire.Event{event}
}

// read decodes the call's only argument.
func (c *call) read(value any) error {
	if len(c.args) != 1 {
		return refusal.New(refusal.Invalid, "%d arguments; the function takes one of JSON", len(c.args))
	}
	return wire.Decode(c.args[0], value)
}

func (c *call) readFor(role governance.Role, value any) error {
	if err := governance.RequireRole(c.state, c.caller, role); err != nil {
		return err
	}
	return c.read(value)
}
