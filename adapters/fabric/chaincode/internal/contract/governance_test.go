package contract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"citygate/chaincode/internal/contract"
	"citygate/chaincode/internal/governance"
	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

func TestAPeerTakesAMajority(t *testing.T) {
	w := bare(t)
	peer := w.peer()
	w.fail(w.submit(w.alice, "ApprovePeer", peer), refusal.Unauthorised)
	w.fail(w.submit(ledgertest.NewIdentity(t, "Org3MSP", "admin"), "ApprovePeer", peer), refusal.Unauthorised)
	same(t, string(w.submit(w.admin1, "ApprovePeer", peer).Payload), `{"current":false}`)
	same(t, string(w.submit(w.admin1, "ApprovePeer", peer).Payload), `{"current":false}`) // one vote, given twice
	same(t, len(read[[]wire.Peer](w, "Peers")), 0)
	other := strings.Replace(peer, `"threshold":2`, `"threshold":1`, 1)
	same(t, string(w.submit(w.admin2, "ApprovePeer", other).Payload), `{"current":false}`) // votes for different peers
	same(t, string(w.submit(w.admin2, "ApprovePeer", peer).Payload), `{"current":true}`)
	same(t, w.kinds(), []string{"peer"})
	same(t, read[[]wire.Peer](w, "Peers")[0].Network, w.evm.Network)
	same(t, string(w.submit(w.admin2, "ApprovePeer", peer).Payload), `{"current":true}`)
	same(t, len(w.last.Writes), 0)
}

func TestPeersThatAreRefused(t *testing.T) {
	w := bare(t)
	good := w.peer()
	gate := w.evm.GateName()
	for _, change := range [][2]string{
		{`"evm"`, `"other"`}, {"eip155:31337", "fabric:1"}, {"eip155:31337", fabricNetwork}, {gate, strings.ToUpper(gate)}, {gate, gate[:41]},
		{`"threshold":2`, `"threshold":0`}, {`"threshold":2`, `"threshold":4`}, {w.evm.AttestorNames()[1], w.evm.AttestorNames()[0]},
		{`"threshold":2`, `"threshold":2,"more":1`}, {`"threshold":2`, `"threshold":1.5`},
	} {
		response := w.submit(w.admin1, "ApprovePeer", strings.Replace(good, change[0], change[1], 1))
		if response.Status == 200 {
			t.Errorf("%s → %s: accepted", change[0], change[1])
		}
	}
	w.accept(w.submit(w.admin1, "ApprovePeer", good))
}

func TestThePeerBeforeStaysForTheOverlap(t *testing.T) {
	w := newWorld(t)
	settled := func() (wire.Item, wire.Proof) {
		arrival := item(w.terms(onEVM, arriving(evmToken, 1, w.bob)), 0)
		w.ok(w.one(w.relay, "Prepare", arrival))
		arrival.Outcome = commit
		return arrival, w.claim(commit, arrival)
	}
	during, oldProof := settled()
	after, lateProof := settled()
	w.evm.Attestors = ledgertest.NewEVM("4").Attestors
	for _, admin := range []*ledgertest.Identity{w.admin1, w.admin2} {
		w.accept(w.submit(admin, "ApprovePeer", w.peer()))
	}
	fresh, newProof := settled()
	w.ok(w.one(w.relay, "Settle", fresh, newProof))
	w.now = w.now.Add(governance.Overlap * time.Second)
	w.ok(w.one(w.relay, "Settle", during, oldProof))
	w.now = w.now.Add(time.Second)
	w.refused(w.one(w.relay, "Settle", after, lateProof), refusal.Invalid)
	w.ok(w.one(w.relay, "Settle", after, w.claim(commit, after)))
}

func TestRoles(t *testing.T) {
	w := newWorld(t)
	bob, alice := w.bob.Account(), w.alice.Account()
	w.fail(w.submit(w.alice, "GrantRole", "issuer", alice), refusal.Unauthorised)
	w.fail(w.submit(w.admin1, "GrantRole", "issuer", bob), refusal.Unauthorised) // another organisation's
	w.fail(w.submit(w.admin1, "GrantRole", "king", alice), refusal.Invalid)
	w.fail(w.submit(w.admin1, "GrantRole", "issuer", "alice"), refusal.Invalid)

	ticket := `{"items":[{"ticket_id":"X","payload":"e30=","recipient":"` + bob + `","valid_from":1,"valid_until":2}]}`
	w.fail(w.submit(w.bob, "IssueTickets", ticket), refusal.Unauthorised)
	w.fail(w.submit(w.bob, "RedeemTickets", `{"items":[]}`), refusal.Unauthorised)
	w.accept(w.submit(w.admin2, "GrantRole", "issuer", bob))
	w.accept(w.submit(w.bob, "IssueTickets", ticket))
	w.accept(w.submit(w.admin2, "RevokeRole", "issuer", bob))
	w.fail(w.submit(w.bob, "IssueTickets", ticket), refusal.Unauthorised)
}

func TestTickets(t *testing.T) {
	w := newWorld(t)
	w.ok(w.issue("TKT-1", w.alice))
	w.ok(w.issue("TKT-1", w.alice))
	same(t, len(w.last.Writes), 0)
	w.refused(w.issue("TKT-1", w.bob), refusal.AlreadyApplied)
	for _, id := range []string{"", "-A", "A/B", "A B", strings.Repeat("A", 65)} {
		w.refused(w.issue(id, w.alice), refusal.Invalid)
	}
	for _, payload := range []string{"", "[]", "{", "{ }", `"x"`, "{}{}", `{"a":"` + strings.Repeat("x", terms.MaxPayload) + `"}`} {
		bad := wire.Ticket{ID: "B", Payload: []byte(payload), Recipient: w.alice.Account(), ValidUntil: 1}
		w.refused(w.batch(w.issuer, "IssueTickets", wire.Tickets{Items: []wire.Ticket{bad}})[0].Refused, refusal.Invalid)
	}
	w.refused(w.redeem(w.issuer, homeTicket, ""), refusal.Invalid)
	w.refused(w.redeem(w.issuer, evmToken, "e"), refusal.Invalid)
	w.refused(w.redeem(w.issuer, ticket(404), "e"), refusal.Rejected)
	w.now = w.now.Add(24 * time.Hour)
	w.refused(w.redeem(w.issuer, homeTicket, "e"), refusal.Rejected) // the first second after its validity
	w.now = w.now.Add(-time.Second)
	w.ok(w.redeem(w.issuer, homeTicket, "e"))

	// Another validator's event with the same id is another one.
	w.accept(w.submit(w.admin1, "GrantRole", "validator", w.alice.Account()))
	w.refused(w.redeem(w.alice, homeTicket, "e"), refusal.AlreadyApplied)
}

func TestOnlyClaimsAnswersWithBytesThatParseAsAClaim(t *testing.T) {
	w := newWorld(t)
	settled := w.arrive(evmTicket, 1, w.bob)
	claim := w.accept(w.submit(w.relay, "Claims", settled.ID)).Payload
	tag := sha256.Sum256([]byte("citygate.claims.v1"))
	want := hex.EncodeToString(tag[:]) + words(0xa0, 0x100, 0x140, 0x180) +
		text(fabricNetwork) + text(fabricGate) + words(1) + settled.ID + words(1, 2)
	same(t, hex.EncodeToString(claim), want)
	unknown := hex.EncodeToString(make([]byte, 32))
	w.fail(w.submit(w.relay, "Claims", settled.ID, unknown), refusal.Invalid)
	w.fail(w.submit(w.relay, "Claims", strings.ToUpper(settled.ID)), refusal.Invalid)
	w.fail(w.submit(w.relay, "Claims"), refusal.Invalid)

	// A ticket whose payload ends with a claim's bytes, and every other function's answer.
	w.ok(w.issue("TKT-1", w.alice))
	calls := [][]string{
		{"Prepare", `{"items":[{}]}`}, {"Decide", `{"items":[{"outcome":2}]}`}, {"Settle", `{"items":[{"outcome":3}]}`},
		{"Transfers", settled.ID}, {"Assets", homeTicket}, {"Supply", homeTicket, evmToken},
		{"Rows", evmToken, w.bob.Account(), ""}, {"SetOperator", w.bob.Account(), "true"}, {"Peers"}, {"Describe"},
		{"GrantRole", "issuer", w.issuer.Account()}, {"RevokeRole", "issuer", w.alice.Account()}, {"ApprovePeer", w.peer()},
		{"IssueTickets", `{"items":[{"ticket_id":` + fmt.Sprintf("%q", claim[:1]) + `}]}`}, {"RedeemTickets", `{"items":[{}]}`},
	}
	w.accept(w.submit(w.admin1, "GrantRole", "issuer", w.admin1.Account()))
	w.accept(w.submit(w.admin1, "GrantRole", "validator", w.admin1.Account()))
	for _, call := range calls {
		if answer := w.accept(w.submit(w.admin1, call...)).Payload; answer[0] != '{' && answer[0] != '[' {
			t.Errorf("%s answers %q", call[0], answer)
		}
	}
}

func words(numbers ...int64) (out string) {
	for _, number := range numbers {
		out += fmt.Sprintf("%064x", big.NewInt(number))
	}
	return out
}

func text(value string) string {
	padded := append([]byte(value), bytes.Repeat([]byte{0}, (32-len(value)%32)%32)...)
	return words(int64(len(value))) + hex.EncodeToString(padded)
}

func TestConfiguration(t *testing.T) {
	good := map[string]string{
		"CITYGATE_NETWORK": fabricNetwork, "CITYGATE_GATE": "city.channel.citygate", "CITYGATE_ORGANISATIONS": "Org1MSP,Org2MSP",
	}
	config, err := contract.ReadConfig(func(name string) string { return good[name] })
	if err != nil || len(config.Organisations) != 2 {
		t.Fatal(err)
	}
	for name, values := range map[string][]string{
		"CITYGATE_NETWORK":       {"", "eip155:1", "fabric:xyz"},
		"CITYGATE_GATE":          {"", "citygate", ".citygate", "channel.", "channel.a_b", "channel." + strings.Repeat("0", 40)},
		"CITYGATE_ORGANISATIONS": {"", "Org1MSP,", "Org1MSP,Org1MSP", "Org 1"},
	} {
		for _, value := range values {
			_, err := contract.ReadConfig(func(asked string) string {
				if asked == name {
					return value
				}
				return good[asked]
			})
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s=%q: %v", name, value, err)
			}
		}
	}
}
