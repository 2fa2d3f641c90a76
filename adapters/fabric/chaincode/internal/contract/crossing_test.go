package contract_test

import (
	"testing"

	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

func TestATicketArrivesIsRedeemedAndStays(t *testing.T) {
	w := newWorld(t)
	arrival := w.terms(onEVM, arriving(evmTicket, 1, w.bob))
	w.ok(w.one(w.relay, "Prepare", item(arrival, 0)))
	same(t, w.kinds(), []string{"prepared"})
	same(t, w.asset(evmTicket).Exists, false)

	settled := item(arrival, commit)
	proof := w.claim(commit, settled)
	w.ok(w.one(w.relay, "Settle", settled, proof))
	same(t, w.kinds(), []string{"committed"})
	found := w.asset(evmTicket)
	same(t, found.Kind, "voucher")
	same(t, found.Owner, w.bob.Account())
	same(t, found.Payload, payload)
	same(t, w.supply(evmTicket).Vouchers, "1")

	w.ok(w.one(w.relay, "Settle", settled, proof)) // a replay changes nothing
	same(t, len(w.last.Writes), 0)

	w.ok(w.redeem(w.issuer, evmTicket, "event-1"))
	same(t, w.kinds(), []string{"redeemed"})
	w.ok(w.redeem(w.issuer, evmTicket, "event-1"))
	same(t, len(w.last.Writes), 0)
	w.refused(w.redeem(w.issuer, evmTicket, "event-2"), refusal.AlreadyApplied)
	same(t, w.asset(evmTicket).RedeemedBy, "event-1")

	w.refused(w.one(w.bob, "Prepare", item(w.terms(onEVM, leaving(evmTicket, 1, w.bob)), 0)), refusal.Rejected)
}

func TestAHomeTicketLeavesAndReturns(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	same(t, w.kinds(), []string{"issued"})

	out := w.terms(onEVM, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.alice, "Prepare", item(out, 0)))
	locked := w.asset(homeTicket)
	same(t, locked.Owner, fabricGate)
	same(t, locked.LockedBy, item(out, 0).ID)
	same(t, w.supply(homeTicket).Escrowed, "0")
	w.refused(w.redeem(w.issuer, homeTicket, "event"), refusal.Conflict)

	w.ok(w.one(w.relay, "Settle", item(out, commit), w.claim(commit, item(out, commit))))
	same(t, w.asset(homeTicket).Outstanding, w.evm.Network)
	same(t, w.supply(homeTicket), wire.Supply{
		Asset: homeTicket, Escrowed: "1", Outstanding: map[string]string{w.evm.Network: "1"}, Vouchers: "0",
	})
	w.refused(w.redeem(w.issuer, homeTicket, "event"), refusal.Rejected)
	w.refused(w.one(w.alice, "Prepare", item(w.terms(onEVM, leaving(homeTicket, 1, w.alice)), 0)), refusal.Rejected)

	// The way home is decided here, in one transaction.
	back := w.terms(onFabric, arriving(homeTicket, 1, w.bob))
	w.ok(w.one(w.relay, "Decide", item(back, commit), w.claim(terms.Prepared, item(back, commit))))
	same(t, w.kinds(), []string{"prepared", "committed"})
	home := w.asset(homeTicket)
	same(t, []string{home.Kind, home.Owner, home.Outstanding, home.LockedBy}, []string{"ticket", w.bob.Account(), "", ""})
	same(t, w.supply(homeTicket).Escrowed, "0")

	// What came back once can't come back again.
	again := w.terms(onFabric, arriving(homeTicket, 1, w.alice))
	w.refused(w.one(w.relay, "Decide", item(again, commit), w.claim(terms.Prepared, item(again, commit))), refusal.Insufficient)
	w.ok(w.redeem(w.issuer, homeTicket, "event"))
}

func TestAnAbortGivesEverythingBack(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	out := w.terms(onFabric, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.alice, "Prepare", item(out, 0)))

	w.refused(w.one(w.relay, "Decide", item(out, abort)), refusal.Unauthorised)
	w.ok(w.one(w.alice, "Decide", item(out, abort))) // she is the initiator
	same(t, w.kinds(), []string{"aborted"})
	same(t, w.asset(homeTicket).Owner, w.alice.Account())

	// Once the deadline has passed, anyone may.
	late := w.terms(onFabric, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.alice, "Prepare", item(late, 0)))
	w.now = w.now.Add(3600 * 1e9)
	w.refused(w.one(w.relay, "Decide", item(late, abort)), refusal.Unauthorised)
	w.now = w.now.Add(1e9)
	w.ok(w.one(w.relay, "Decide", item(late, abort)))
	same(t, w.asset(homeTicket).Owner, w.alice.Account())
}

func TestAnAbortedReturnStaysAbroad(t *testing.T) {
	w := newWorld(t)
	w.sendAbroad()
	back := w.terms(onFabric, arriving(homeTicket, 1, w.bob))
	w.ok(w.one(w.relay, "Prepare", item(back, 0)))
	w.ok(w.one(w.alice, "Decide", item(back, abort)))
	same(t, w.kinds(), []string{"aborted"})
	same(t, w.supply(homeTicket).Outstanding, map[string]string{w.evm.Network: "1"})
}

// Anybody can prepare invented terms at the home: nothing that is abroad is tied up by them.
func TestAStrangerCannotKeepAnAssetFromComingHome(t *testing.T) {
	w := newWorld(t)
	w.sendAbroad()
	before := w.asset(homeTicket)
	invented := w.terms(onFabric, arriving(homeTicket, 1, w.bob))
	invented.Legs[0].Sender = "0x0000000000000000000000000000000000000001"
	w.ok(w.one(w.bob, "Prepare", item(invented, 0)))
	same(t, w.state(item(invented, 0).ID), terms.Prepared)
	same(t, w.asset(homeTicket), before)

	back := item(w.terms(onFabric, arriving(homeTicket, 1, w.alice)), commit)
	w.ok(w.one(w.relay, "Decide", back, w.claim(terms.Prepared, back)))
	same(t, w.asset(homeTicket).Owner, w.alice.Account())
	// What came home once doesn't come again, not even with a claim.
	late := item(invented, commit)
	w.refused(w.one(w.relay, "Decide", late, w.claim(terms.Prepared, late)), refusal.Insufficient)
	same(t, w.asset(homeTicket).Owner, w.alice.Account())
}

func TestATicketComesHomeWithItsOwnPayloadOnly(t *testing.T) {
	w := newWorld(t)
	w.sendAbroad()
	leg := arriving(homeTicket, 1, w.bob)
	leg.PayloadHash = [32]byte{}
	other := item(w.terms(onFabric, leg), commit)
	w.refused(w.one(w.relay, "Decide", other, w.claim(terms.Prepared, other)), refusal.Invalid)
	own := item(w.terms(onFabric, arriving(homeTicket, 1, w.bob)), commit)
	w.ok(w.one(w.relay, "Decide", own, w.claim(terms.Prepared, own)))
}

// A home ticket that changes hands abroad takes its home along, and stays where it is.
func TestAMoveAbroadIsDecidedAtHome(t *testing.T) {
	w := newWorld(t)
	leg := arriving(homeTicket, 1, w.bob)
	leg.Destination, leg.Recipient = onEVM, evmOwner
	move := func() wire.Item { return item(w.terms(onFabric, leg), commit) }
	early := move()
	w.refused(w.one(w.relay, "Decide", early, w.claim(terms.Prepared, early)), refusal.Insufficient)
	w.sendAbroad()
	moved := move()
	w.ok(w.one(w.relay, "Decide", moved, w.claim(terms.Prepared, moved)))
	same(t, w.supply(homeTicket).Outstanding, map[string]string{w.evm.Network: "1"})
	same(t, w.asset(homeTicket).LockedBy, "")
}

func TestATombstoneKeepsALatePrepareOut(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	out := w.terms(onEVM, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.relay, "Settle", item(out, abort), w.claim(abort, item(out, abort))))
	same(t, w.state(item(out, 0).ID), abort)
	w.refused(w.one(w.alice, "Prepare", item(out, 0)), refusal.AlreadyApplied)
	w.ok(w.one(w.alice, "Prepare", item(w.terms(onEVM, leaving(homeTicket, 1, w.alice)), 0)))
}

func TestADecisionIsFinal(t *testing.T) {
	w := newWorld(t)
	settled := w.arrive(evmTicket, 1, w.bob)
	other := settled
	other.Outcome = abort
	w.refused(w.one(w.relay, "Settle", other, w.claim(abort, other)), refusal.AlreadyApplied)

	w.ok(w.issue("TKT-1", w.alice))
	out := w.terms(onFabric, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.alice, "Decide", item(out, abort)))
	w.refused(w.one(w.alice, "Decide", item(out, commit), w.claim(terms.Prepared, item(out, commit))), refusal.AlreadyApplied)
}

func TestASecondVoucherOfAUniqueAssetIsDropped(t *testing.T) {
	w := newWorld(t)
	first, second := w.terms(onEVM, arriving(evmTicket, 1, w.bob)), w.terms(onEVM, arriving(evmTicket, 1, w.alice))
	w.ok(w.one(w.relay, "Prepare", item(first, 0)))
	w.ok(w.one(w.relay, "Prepare", item(second, 0)))
	w.ok(w.one(w.relay, "Settle", item(first, commit), w.claim(commit, item(first, commit))))
	w.ok(w.one(w.relay, "Settle", item(second, commit), w.claim(commit, item(second, commit))))
	same(t, w.kinds(), []string{"committed", "dropped"})
	same(t, w.asset(evmTicket).Owner, w.bob.Account())
	w.refused(w.one(w.relay, "Prepare", item(w.terms(onEVM, arriving(evmTicket, 1, w.alice)), 0)), refusal.Conflict)
}

func TestAMoveInsideTheNetwork(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	move := w.terms(0, leaving(homeTicket, 1, w.alice))
	move.Participants, move.Initiator = move.Participants[1:], w.alice.Account()
	move.Legs[0].Source, move.Legs[0].Destination, move.Legs[0].Recipient = 0, 0, w.bob.Account()
	w.ok(w.one(w.alice, "Decide", item(move, commit)))
	same(t, w.asset(homeTicket).Owner, w.bob.Account())
}
