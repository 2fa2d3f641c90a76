package contract_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// fifty brings fifty tickets to be settled here, with one proof.
func (w *world) fifty() wire.Batch {
	batch := wire.Batch{}
	for n := range 50 {
		asset := fmt.Sprintf("%s%d", evmTicket, 100+n)
		batch.Items = append(batch.Items, item(w.terms(onEVM, arriving(asset, 1, w.bob)), 0))
	}
	w.batch(w.relay, "Prepare", batch)
	for i := range batch.Items {
		batch.Items[i].Outcome = commit
	}
	batch.Proofs = []wire.Proof{w.claim(commit, batch.Items...)}
	return batch
}

func TestOneBadItemLeavesFortyNineAlone(t *testing.T) {
	w := newWorld(t)
	batch := w.fifty()
	batch.Items[17].Payloads = [][]byte{[]byte("{}")}
	for i, result := range w.batch(w.relay, "Settle", batch) {
		if bad := i == 17; bad != (result.Refused != nil) || bad != (result.State != commit) {
			t.Fatalf("item %d: %+v", i, result)
		}
	}
	same(t, len(w.kinds()), 50)
	same(t, w.kinds()[17], "refused")
	batch.Items[17].Payloads = [][]byte{payload}
	w.ok(w.batch(w.relay, "Settle", batch)[17].Refused)
	same(t, w.kinds(), []string{"committed"})
}

func TestARefusedItemForgetsWhatItLocked(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	legs := []ledgertest.Leg{leaving(homeTicket, 1, w.alice), leaving(ticket(404), 1, w.alice)}
	w.refused(w.one(w.alice, "Prepare", item(w.terms(onEVM, legs...), 0)), refusal.Rejected)
	same(t, w.asset(homeTicket).LockedBy, "")
}

func TestBatchesOfOneBlockDontConflict(t *testing.T) {
	w := newWorld(t)
	for n := range 4 {
		w.ok(w.issue(fmt.Sprintf("T-%d", n), w.alice))
		w.arrive(evmToken, 10, w.alice)
	}
	rows := read[wire.Rows](w, "Rows", evmToken, w.alice.Account(), "").Rows
	batch := func(n int) []string {
		var items []wire.Item
		for i := n; i < n+2; i++ {
			out := item(w.terms(onEVM, leaving(ticket(i), 1, w.alice), leaving(evmToken, 7, w.alice), arriving(evmToken, 5, w.bob)), 0)
			out.Inputs = [][]string{nil, {rows[i].Row}, nil}
			items = append(items, out)
		}
		text, _ := json.Marshal(wire.Batch{Items: items})
		return []string{"Prepare", string(text)}
	}
	first, response := w.simulate(w.alice, batch(0)...)
	w.accept(response)
	second, response := w.simulate(w.alice, batch(2)...)
	w.accept(response)
	if len(first.Writes) == 0 || len(second.Writes) == 0 || first.Conflicts(second) {
		t.Fatal("two batches of different transfers conflict")
	}
	again, response := w.simulate(w.alice, batch(1)...) // spends what both spend
	w.accept(response)
	if !first.Conflicts(again) || !second.Conflicts(again) {
		t.Fatal("a double spend in one block doesn't conflict")
	}
}

func TestFungibleVouchers(t *testing.T) {
	w := newWorld(t)
	first, second := w.arrive(evmToken, 10, w.alice), w.arrive(evmToken, 5, w.alice)
	alice, bob := w.alice.Account(), w.bob.Account()
	amounts := func(owner string) map[string]string {
		found := map[string]string{}
		for _, row := range read[wire.Rows](w, "Rows", evmToken, owner, "").Rows {
			found[row.Row] = row.Amount
		}
		return found
	}
	same(t, amounts(alice), map[string]string{first.ID + ".0": "10", second.ID + ".0": "5"})
	same(t, w.supply(evmToken).Vouchers, "15")

	// Twelve leave, and three come back as change; the rest of the faults first.
	out := item(w.terms(onEVM, leaving(evmToken, 12, w.alice)), 0)
	pay := func(inputs ...string) *refusal.Refusal {
		out.Inputs = [][]string{inputs}
		return w.one(w.alice, "Prepare", out)
	}
	w.refused(pay(), refusal.Insufficient)
	w.refused(pay(first.ID+".0"), refusal.Insufficient)
	w.refused(pay(first.ID+".0", first.ID+".0"), refusal.Conflict)
	w.refused(pay(first.ID+".1"), refusal.Conflict)
	w.refused(pay("\x00"), refusal.Invalid)
	w.ok(pay(first.ID+".0", second.ID+".0"))
	same(t, amounts(alice), map[string]string{out.ID + ".0.change": "3"})
	same(t, amounts(fabricGate), map[string]string{out.ID + ".0": "12"})
	same(t, w.supply(evmToken).Vouchers, "15")

	aborted := out
	aborted.Outcome = abort
	w.ok(w.one(w.relay, "Settle", aborted, w.claim(abort, aborted)))
	same(t, amounts(alice), map[string]string{out.ID + ".0.change": "3", out.ID + ".0.back": "12"})

	// Seven move to bob inside this network, five of them then leave.
	move := w.terms(onEVM, leaving(evmToken, 7, w.alice))
	move.Legs[0].Destination, move.Legs[0].Recipient = onFabric, bob
	moved := item(move, 0)
	moved.Inputs = [][]string{{out.ID + ".0.back"}}
	w.ok(w.one(w.alice, "Prepare", moved))
	moved.Outcome = commit
	w.ok(w.one(w.relay, "Settle", moved, w.claim(commit, moved)))
	same(t, amounts(bob), map[string]string{moved.ID + ".0": "7"})
	same(t, amounts(alice), map[string]string{out.ID + ".0.change": "3", moved.ID + ".0.change": "5"})

	leave := item(w.terms(onEVM, leaving(evmToken, 7, w.bob)), 0)
	leave.Inputs = [][]string{{moved.ID + ".0"}}
	w.ok(w.one(w.bob, "Prepare", leave))
	leave.Outcome = commit
	w.ok(w.one(w.relay, "Settle", leave, w.claim(commit, leave)))
	same(t, amounts(bob), map[string]string{})
	same(t, w.supply(evmToken).Vouchers, "8")
}

func TestNoFungibleAssetIsAtHome(t *testing.T) {
	w := newWorld(t)
	energy := fabricNetwork + "/asset:citygate.energy"
	out, back := leaving(energy, 1, w.alice), arriving(energy, 1, w.alice)
	out.PayloadHash, back.PayloadHash = [32]byte{}, [32]byte{}
	w.refused(w.one(w.alice, "Prepare", item(w.terms(onEVM, out), 0)), refusal.Unsupported)
	home := item(w.terms(onFabric, back), commit)
	w.refused(w.one(w.alice, "Decide", home, w.claim(terms.Prepared, home)), refusal.Unsupported)
}

func TestAmountsOf256Bits(t *testing.T) {
	w := newWorld(t)
	leg := arriving(evmToken, 1, w.alice)
	leg.Amount = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	arrival := item(w.terms(onEVM, leg), 0)
	w.ok(w.one(w.relay, "Prepare", arrival))
	arrival.Outcome = commit
	w.ok(w.one(w.relay, "Settle", arrival, w.claim(commit, arrival)))
	w.arrive(evmToken, 1, w.alice)
	same(t, w.supply(evmToken).Vouchers, new(big.Int).Lsh(big.NewInt(1), 256).String())
}

func TestRowsComeInPages(t *testing.T) {
	w := newWorld(t)
	for n := range 101 {
		w.salt = byte(n)
		w.arrive(evmToken, 1, w.alice)
	}
	first := read[wire.Rows](w, "Rows", evmToken, w.alice.Account(), "")
	second := read[wire.Rows](w, "Rows", evmToken, w.alice.Account(), first.Next)
	same(t, []int{len(first.Rows), len(second.Rows)}, []int{100, 1})
	same(t, second.Rows[0].Row, first.Next)
	same(t, second.Next, "")
}

func TestFiftyAreSettledWithOneProof(t *testing.T) {
	w := newWorld(t)
	batch := w.fifty()
	begin := time.Now()
	for _, result := range w.batch(w.relay, "Settle", batch) {
		w.ok(result.Refused)
	}
	t.Logf("a settlement of fifty with one proof of %d bytes took %s", len(batch.Proofs[0].Data), time.Since(begin))
}
