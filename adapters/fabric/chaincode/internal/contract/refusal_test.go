package contract_test

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"

	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

// Each forged proof is refused, and the genuine one of the same claim is then accepted.
func TestForgedClaimsAreRefused(t *testing.T) {
	cases := map[string]func(w *world, settled wire.Item, proof *ledgertest.Proof){
		"too few attestations":  func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.Attestations = p.Attestations[:1] },
		"one signer twice":      func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.Attestations[1] = p.Attestations[0] },
		"signers not ascending": func(_ *world, _ wire.Item, p *ledgertest.Proof) { slices.Reverse(p.Attestations) },
		"a stranger attests": func(w *world, _ wire.Item, p *ledgertest.Proof) {
			stranger, _ := crypto.GenerateKey()
			p.Attestations[1] = w.evm.Attest(stranger, 4711, p.Header)
		},
		"attested for another network": func(w *world, _ wire.Item, p *ledgertest.Proof) {
			other := *w.evm
			other.Network = "eip155:1"
			for i, key := range []int{0, 2} {
				p.Attestations[i] = other.Attest(w.evm.Attestors[key], 4711, p.Header)
			}
		},
		"a header that isn't attested": func(_ *world, _ wire.Item, p *ledgertest.Proof) {
			p.Header = slices.Clone(p.Header)
			p.Header[len(p.Header)-1] ^= 1
		},
		"high S": func(_ *world, _ wire.Item, p *ledgertest.Proof) {
			s := new(big.Int).SetBytes(p.Attestations[0][32:64])
			new(big.Int).Sub(crypto.S256().Params().N, s).FillBytes(p.Attestations[0][32:64])
			p.Attestations[0][64] = 55 - p.Attestations[0][64] // 27 ↔ 28: the same signer
		},
		"a recovery id of 0 or 1": func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.Attestations[0][64] -= 27 },
		"a short signature":       func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.Attestations[0] = p.Attestations[0][:64] },
		"a signature of zeros":    func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.Attestations[0] = make([]byte, 65) },
		"another gate": func(w *world, settled wire.Item, p *ledgertest.Proof) {
			other := *w.evm
			other.Gate[0] ^= 1
			*p = other.Prove([]int{0, 2}, id(settled))
		},
		"another transfer": func(w *world, _ wire.Item, p *ledgertest.Proof) {
			w.evm.Set([32]byte{9}, 2)
			*p = w.evm.Prove([]int{0, 2}, [32]byte{9})
		},
		"another transfer's path under this id": func(w *world, settled wire.Item, p *ledgertest.Proof) {
			w.evm.Set([32]byte{9}, 2)
			*p = w.evm.Prove([]int{0, 2}, [32]byte{9})
			p.Ids[0] = id(settled)
		},
		"another state": func(w *world, settled wire.Item, p *ledgertest.Proof) {
			w.evm.Set(id(settled), 3)
			*p = w.evm.Prove([]int{0, 2}, id(settled))
		},
		"a value that is no state": func(w *world, settled wire.Item, p *ledgertest.Proof) {
			w.evm.Set(id(settled), 4)
			*p = w.evm.Prove([]int{0, 2}, id(settled))
		},
		"an empty slot, and the state stored where a client can": func(w *world, settled wire.Item, p *ledgertest.Proof) {
			other := ledgertest.NewEVM("31337")
			transfer := id(settled)
			other.Attestors = w.evm.Attestors
			other.Store(transfer, 2)
			other.Store(crypto.Keccak256Hash(transfer[:], make([]byte, 32)), 2)
			*p = other.Prove([]int{0, 2}, transfer)
		},
		"more ids than paths": func(_ *world, _ wire.Item, p *ledgertest.Proof) { p.StorageProofs = nil },
		"a path cut short": func(_ *world, _ wire.Item, p *ledgertest.Proof) {
			p.AccountProof = p.AccountProof[:len(p.AccountProof)-1]
		},
		"a path of too many nodes": func(_ *world, _ wire.Item, p *ledgertest.Proof) {
			for len(p.AccountProof) < 100 {
				p.AccountProof = append(p.AccountProof, p.AccountProof[0])
			}
		},
		"nothing": func(_ *world, _ wire.Item, p *ledgertest.Proof) { *p = ledgertest.Proof{} },
	}
	for name, forge := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			arrival := w.terms(onEVM, arriving(evmTicket, 1, w.bob))
			settled := item(arrival, commit)
			w.ok(w.one(w.relay, "Prepare", item(arrival, 0)))
			w.evm.Set(id(settled), 2)
			forged := w.evm.Prove([]int{0, 2}, id(settled))
			forge(w, settled, &forged)
			w.refused(w.one(w.relay, "Settle", settled, wire.Proof{Network: w.evm.Network, Data: forged.Encode()}), refusal.Invalid)
			w.ok(w.one(w.relay, "Settle", settled, w.claim(commit, settled)))
		})
	}
}

func TestAProofWithAnyByteChangedIsRefused(t *testing.T) {
	w := newWorld(t)
	arrival := w.terms(onEVM, arriving(evmTicket, 1, w.bob))
	settled := item(arrival, commit)
	w.ok(w.one(w.relay, "Prepare", item(arrival, 0)))
	for range 20 {
		w.arrive(evmToken, 1, w.bob)
	}
	proof := w.claim(commit, settled)
	for i := range proof.Data {
		proof.Data[i] ^= 1
		w.refused(w.one(w.relay, "Settle", settled, proof), refusal.Invalid)
		proof.Data[i] ^= 1
	}
	w.ok(w.one(w.relay, "Settle", settled, proof))
}

func TestAProofCountsOnlyForTheNetworkItIsGivenFor(t *testing.T) {
	w := newWorld(t)
	arrival := w.terms(onEVM, arriving(evmTicket, 1, w.bob))
	settled := item(arrival, commit)
	w.ok(w.one(w.relay, "Prepare", item(arrival, 0)))
	proof := w.claim(commit, settled)
	for _, network := range []string{"eip155:1", fabricNetwork, "", "\x00"} {
		w.refused(w.one(w.relay, "Settle", settled, wire.Proof{Network: network, Data: proof.Data}), refusal.Invalid)
	}
	w.refused(w.one(w.relay, "Settle", settled), refusal.Invalid)
	w.ok(w.one(w.relay, "Settle", settled, proof))
}

func TestAuthorisation(t *testing.T) {
	flip := func(b []byte, i int) []byte { b = slices.Clone(b); b[i] ^= 1; return b }
	cases := map[string]func(w *world, t ledgertest.Terms) []byte{
		"none":               func(*world, ledgertest.Terms) []byte { return nil },
		"another's key":      func(w *world, t ledgertest.Terms) []byte { return signed(w.bob, t, 0) },
		"of other terms":     func(w *world, t ledgertest.Terms) []byte { t.Salt[1]++; return signed(w.alice, t, 0) },
		"a changed s":        func(w *world, t ledgertest.Terms) []byte { return flip(signed(w.alice, t, 0), 95) },
		"a changed key":      func(w *world, t ledgertest.Terms) []byte { return flip(signed(w.alice, t, 0), 200) },
		"a changed offset":   func(w *world, t ledgertest.Terms) []byte { return flip(signed(w.alice, t, 0), 31) },
		"bytes at the end":   func(w *world, t ledgertest.Terms) []byte { return append(signed(w.alice, t, 0), make([]byte, 32)...) },
		"cut short":          func(w *world, t ledgertest.Terms) []byte { a := signed(w.alice, t, 0); return a[:len(a)-32] },
		"ten thousand bytes": func(*world, ledgertest.Terms) []byte { return make([]byte, 10000) },
		"high S": func(w *world, t ledgertest.Terms) []byte {
			r, s := w.alice.Sign(digest(t, 0))
			return ledgertest.Authorization(w.alice.PublicKey, r, s.Sub(w.alice.Key.Params().N, s))
		},
		"r zero": func(w *world, t ledgertest.Terms) []byte {
			_, s := w.alice.Sign(digest(t, 0))
			return ledgertest.Authorization(w.alice.PublicKey, new(big.Int), s)
		},
		"r above the order": func(w *world, t ledgertest.Terms) []byte {
			_, s := w.alice.Sign(digest(t, 0))
			return ledgertest.Authorization(w.alice.PublicKey, w.alice.Key.Params().N, s)
		},
	}
	for name, forge := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.issue("TKT-1", w.alice))
			out := w.terms(onEVM, leaving(homeTicket, 1, w.alice))
			forged, genuine := item(out, 0), item(out, 0)
			forged.Authorizations = [][]byte{forge(w, out)}
			w.refused(w.one(w.relay, "Prepare", forged), refusal.Unauthorised)
			genuine.Authorizations = [][]byte{signed(w.alice, out, 0)}
			w.ok(w.one(w.relay, "Prepare", genuine))
		})
	}
}

func TestAnOperatorSendsForItsOwner(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	out := item(w.terms(onEVM, leaving(homeTicket, 1, w.alice)), 0)
	w.accept(w.submit(w.alice, "SetOperator", w.relay.Account(), "true"))
	w.accept(w.submit(w.alice, "SetOperator", w.relay.Account(), "false"))
	w.refused(w.one(w.relay, "Prepare", out), refusal.Unauthorised)
	w.accept(w.submit(w.alice, "SetOperator", w.relay.Account(), "true"))
	w.refused(w.one(w.bob, "Prepare", out), refusal.Unauthorised)
	w.ok(w.one(w.relay, "Prepare", out))
}

// Each of these prepares is refused, and the same without the fault is then accepted.
func TestTermsThatThisGateRefuses(t *testing.T) {
	type fault struct {
		reason refusal.Reason
		make   func(w *world, t *ledgertest.Terms, i *wire.Item)
	}
	change := func(reason refusal.Reason, change func(w *world, t *ledgertest.Terms)) fault {
		return fault{reason, func(w *world, t *ledgertest.Terms, i *wire.Item) { change(w, t); *i = item(*t, 0) }}
	}
	cases := map[string]fault{
		"another id": {refusal.Invalid, func(_ *world, _ *ledgertest.Terms, i *wire.Item) { i.ID = hex.EncodeToString(make([]byte, 32)) }},
		"a changed byte": {refusal.Invalid, func(_ *world, _ *ledgertest.Terms, i *wire.Item) {
			i.Terms = bytes.Replace(i.Terms, []byte("TKT-1"), []byte("TKT-2"), 1)
		}},
		"another payload":   {refusal.Invalid, func(_ *world, _ *ledgertest.Terms, i *wire.Item) { i.Payloads = [][]byte{[]byte(`{}`)} }},
		"no payload":        {refusal.Invalid, func(_ *world, _ *ledgertest.Terms, i *wire.Item) { i.Payloads = nil }},
		"payloads of more":  {refusal.Invalid, func(_ *world, _ *ledgertest.Terms, i *wire.Item) { i.Payloads = append(i.Payloads, nil) }},
		"past the deadline": change(refusal.Rejected, func(w *world, t *ledgertest.Terms) { t.Deadline = uint64(w.now.Unix()) - 1 }),
		"version 2":         change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Version = 2 }),
		"another gate here": change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Participants[1].Gate = "citychannel.other" }),
		"a gate that is no peer": change(refusal.Rejected, func(_ *world, t *ledgertest.Terms) {
			t.Participants[0].Gate = "0x0000000000000000000000000000000000000001"
		}),
		"a network that is no peer": change(refusal.Rejected, func(_ *world, t *ledgertest.Terms) { t.Participants[0].Network = "eip155:1" }),
		"a participant without a part": change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) {
			t.Participants = slices.Insert(t.Participants, 1, ledgertest.Participant{Network: "eip155:4", Gate: "0x00"})
			t.Legs[0].Source = 2
		}),
		"participants not ascending": change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) {
			slices.Reverse(t.Participants)
			t.Legs[0].Source, t.Legs[0].Destination = 0, 1
		}),
		"no legs":                   change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs = nil }),
		"seventeen legs":            change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs = slices.Repeat(t.Legs, 17) }),
		"amount zero":               change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Amount = new(big.Int) }),
		"two of a unique asset":     change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Amount = big.NewInt(2) }),
		"the same asset twice":      change(refusal.Conflict, func(_ *world, t *ledgertest.Terms) { t.Legs = slices.Repeat(t.Legs, 2) }),
		"no such source":            change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Source = 7 }),
		"no such decider":           change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Decider = 2 }),
		"an asset in disguise":      change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Asset = homeTicket + "/" }),
		"an unknown asset":          change(refusal.Rejected, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Asset = ticket(404) }),
		"another payload's hash":    change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].PayloadHash = [32]byte{} }),
		"a line break in a name":    change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Recipient = evmOwner + "\namount: 2" }),
		"bytes that are no text":    change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Recipient = "\xff\xfe" }),
		"a name of 257 bytes":       change(refusal.Invalid, func(_ *world, t *ledgertest.Terms) { t.Legs[0].Recipient = string(bytes.Repeat([]byte("a"), 257)) }),
		"a sender who owns nothing": change(refusal.Unauthorised, func(w *world, t *ledgertest.Terms) { t.Legs[0].Sender = w.bob.Account() }),
	}
	for name, fault := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.ok(w.issue("TKT-1", w.alice))
			good := w.terms(onEVM, leaving(homeTicket, 1, w.alice))
			bad, faulty := good, item(good, 0)
			bad.Legs, bad.Participants = slices.Clone(good.Legs), slices.Clone(good.Participants)
			fault.make(w, &bad, &faulty)
			w.refused(w.one(w.alice, "Prepare", faulty), fault.reason)
			w.ok(w.one(w.alice, "Prepare", item(good, 0)))
		})
	}
}

func TestTheHomeOfWhatLeavesElsewhereDecides(t *testing.T) {
	w := newWorld(t)
	w.arrive(evmTicket, 1, w.bob)
	w.refused(w.one(w.bob, "Prepare", item(w.terms(onFabric, leaving(evmTicket, 1, w.bob)), 0)), refusal.Invalid)
	w.ok(w.one(w.bob, "Prepare", item(w.terms(onEVM, leaving(evmTicket, 1, w.bob)), 0)))

	w.sendAbroad()
	w.refused(w.one(w.relay, "Prepare", item(w.terms(onEVM, arriving(homeTicket, 1, w.bob)), 0)), refusal.Invalid)
	w.ok(w.one(w.relay, "Prepare", item(w.terms(onFabric, arriving(homeTicket, 1, w.bob)), 0)))
}

func TestACommitPastTheDeadlineIsRefused(t *testing.T) {
	w := newWorld(t)
	back := item(w.terms(onFabric, arriving(evmTicket, 1, w.bob)), commit)
	proof := w.claim(terms.Prepared, back)
	w.now = w.now.Add(3601 * time.Second)
	w.refused(w.one(w.relay, "Decide", back, proof), refusal.Rejected)
	w.now = w.now.Add(-time.Second)
	w.ok(w.one(w.relay, "Decide", back, proof))
}

func TestOnlyTheDeciderDecides(t *testing.T) {
	w := newWorld(t)
	here, there := item(w.terms(onFabric, arriving(evmTicket, 1, w.bob)), commit), item(w.terms(onEVM, arriving(evmTicket, 1, w.bob)), commit)
	w.refused(w.one(w.relay, "Settle", here, w.claim(commit, here)), refusal.Invalid)
	w.refused(w.one(w.relay, "Decide", there, w.claim(terms.Prepared, there)), refusal.Invalid)
	w.refused(w.one(w.relay, "Decide", here, w.claim(commit, here)), refusal.Invalid)    // not PREPARED
	w.refused(w.one(w.relay, "Settle", there, w.claim(commit, there)), refusal.Rejected) // not prepared here
	w.ok(w.one(w.relay, "Decide", here, w.claim(terms.Prepared, here)))
}

func TestTheCallItselfIsChecked(t *testing.T) {
	w := newWorld(t)
	query := []string{"Supply", homeTicket}
	invoke := func(at time.Time, channel, called string) refusal.Reason {
		other := ledgertest.NewLedger(channel, "citygate")
		response := w.chaincode.Invoke(other.Begin(t, w.relay, at, called, query...))
		if response.Status == 200 {
			return ""
		}
		w.fail(response, refusal.Rejected)
		return refusal.Rejected
	}
	same(t, invoke(w.now, "citychannel", "citygate"), "")
	same(t, invoke(w.now.Add(time.Minute), "citychannel", "citygate"), "")
	same(t, invoke(w.now.Add(-time.Minute), "citychannel", "citygate"), "")
	same(t, invoke(w.now.Add(time.Minute+1), "citychannel", "citygate"), refusal.Rejected)
	same(t, invoke(w.now.Add(-time.Minute-1), "citychannel", "citygate"), refusal.Rejected)
	same(t, invoke(w.now, "otherchannel", "citygate"), refusal.Rejected)
	same(t, invoke(w.now, "citychannel", "othercode"), refusal.Rejected) // a chaincode that calls this one

	w.fail(w.submit(w.relay, "Nothing"), refusal.Unsupported)
	for _, argument := range []string{
		"", "x", "[]", `{"items":[]}`, `{"items":[{"id":"0","terms":"","more":1}]}`, `{"items":[{}]}{}`, "{\"items\":\"\xff\"}",
		`{"items":` + string(bytes.Repeat([]byte("["), 5000)), string(bytes.Repeat([]byte(" "), wire.MaxArgument+1)),
		`{"items":[{"id":"0","outcome":2}]}`, `{"items":[{"id":"0","outcome":300}]}`,
	} {
		w.fail(w.submit(w.relay, "Prepare", argument), refusal.Invalid)
	}
	w.fail(w.submit(w.relay, "Prepare"), refusal.Invalid)
}
