package contract_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"citygate/chaincode/internal/contract"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

const (
	fabricNetwork = "fabric:9f86d081884c7d659a2feaa0c55ad015"
	fabricGate    = "citychannel.citygate"
	evmOwner      = "0xf39fd6e51aad88f6f4ce6ab8827279cff92b2266"
	homeTicket    = fabricNetwork + "/asset:citygate.ticket/TKT-1"
	evmTicket     = "eip155:31337/erc721:0xe7f1725e7734ce288f8367e1bb143e90bb3f0512/77"
	evmToken      = "eip155:31337/erc20:0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
	commit        = terms.Committed
	abort         = terms.Aborted
)

var (
	genesis = time.Unix(1_800_000_000, 0)
	payload = []byte(`{"id":"TKT-1","status":"FULFILLED"}`)
)

// world is a channel with two organisations, whose gate knows one EVM.
type world struct {
	*testing.T
	ledger                                    *ledgertest.Ledger
	chaincode                                 *contract.Chaincode
	evm                                       *ledgertest.EVM
	admin1, admin2, issuer, alice, bob, relay *ledgertest.Identity
	now                                       time.Time
	salt                                      byte
	last                                      *ledgertest.Transaction
}

func newWorld(t *testing.T) *world {
	w := bare(t)
	for _, admin := range []*ledgertest.Identity{w.admin1, w.admin2} {
		w.accept(w.submit(admin, "ApprovePeer", w.peer()))
	}
	for _, role := range []string{"issuer", "validator"} {
		w.accept(w.submit(w.admin1, "GrantRole", role, w.issuer.Account()))
	}
	return w
}

// bare is a world in which nothing has been approved or granted yet.
func bare(t *testing.T) *world {
	w := &world{
		T: t, ledger: ledgertest.NewLedger("citychannel", "citygate"), evm: ledgertest.NewEVM("31337"), now: genesis,
		admin1: ledgertest.NewIdentity(t, "Org1MSP", "admin"), admin2: ledgertest.NewIdentity(t, "Org2MSP", "admin"),
		issuer: ledgertest.NewIdentity(t, "Org1MSP", "client"), alice: ledgertest.NewIdentity(t, "Org1MSP", "client"),
		bob: ledgertest.NewIdentity(t, "Org2MSP", "client"), relay: ledgertest.NewIdentity(t, "Org1MSP", "client"),
	}
	w.chaincode = &contract.Chaincode{
		Config: contract.Config{Network: fabricNetwork, Gate: fabricGate, Organisations: []string{"Org1MSP", "Org2MSP"}},
		Clock:  func() time.Time { return w.now },
	}
	return w
}

func (w *world) peer() string {
	text, _ := json.Marshal(map[string]any{
		"kind": "evm", "network": w.evm.Network, "gate": w.evm.GateName(), "attestors": w.evm.AttestorNames(), "threshold": 2,
	})
	return string(text)
}

// simulate runs a function without committing what it wrote.
func (w *world) simulate(client *ledgertest.Identity, args ...string) (*ledgertest.Transaction, *peer.Response) {
	w.Helper()
	transaction := w.ledger.Begin(w.T, client, w.now, "citygate", args...)
	response := w.chaincode.Invoke(transaction)
	if transaction.RangedAndWrote() {
		w.Fatalf("%s made a range query and wrote", args[0])
	}
	if (len(transaction.Writes) > 0) != (transaction.Event != nil) {
		w.Fatalf("%s wrote %d keys with event %q", args[0], len(transaction.Writes), transaction.Event)
	}
	w.last = transaction
	return transaction, response
}

func (w *world) submit(client *ledgertest.Identity, args ...string) *peer.Response {
	w.Helper()
	transaction, response := w.simulate(client, args...)
	if response.Status == 200 {
		transaction.Commit()
	}
	return response
}

func (w *world) accept(response *peer.Response) *peer.Response {
	w.Helper()
	if response.Status != 200 {
		w.Fatalf("failed: %s", response.Message)
	}
	return response
}

func (w *world) fail(response *peer.Response, reason refusal.Reason) {
	w.Helper()
	refused := refusal.Refusal{}
	if response.Status == 200 || json.Unmarshal([]byte(response.Message), &refused) != nil || refused.Reason != reason {
		w.Fatalf("wanted a failure %q, got %d %s%s", reason, response.Status, response.Message, response.Payload)
	}
}

func read[Answer any](w *world, function string, args ...string) (answer Answer) {
	w.Helper()
	response := w.accept(w.submit(w.relay, append([]string{function}, args...)...))
	if err := json.Unmarshal(response.Payload, &answer); err != nil {
		w.Fatal(err)
	}
	return answer
}

func (w *world) asset(name string) wire.Asset {
	w.Helper()
	return read[[]wire.Asset](w, "Assets", name)[0]
}

func (w *world) supply(name string) wire.Supply {
	w.Helper()
	return read[[]wire.Supply](w, "Supply", name)[0]
}

// result is an item's result, of whichever function.
type result struct {
	ID           string           `json:"id"`
	State        terms.State      `json:"state"`
	Asset        string           `json:"asset"`
	LocalEventID string           `json:"local_event_id"`
	Refused      *refusal.Refusal `json:"refused"`
}

func (w *world) batch(client *ledgertest.Identity, function string, argument any) []result {
	w.Helper()
	text, err := json.Marshal(argument)
	if err != nil {
		w.Fatal(err)
	}
	answer := struct{ Results []result }{}
	response := w.accept(w.submit(client, function, string(text)))
	if err := json.Unmarshal(response.Payload, &answer); err != nil {
		w.Fatal(err)
	}
	return answer.Results
}

// one runs a verb on one transfer and answers with why it was refused.
func (w *world) one(client *ledgertest.Identity, verb string, item wire.Item, proofs ...wire.Proof) *refusal.Refusal {
	w.Helper()
	return w.batch(client, verb, wire.Batch{Items: []wire.Item{item}, Proofs: proofs})[0].Refused
}

func (w *world) ok(refused *refusal.Refusal) {
	w.Helper()
	if refused != nil {
		w.Fatalf("refused: %s", refused)
	}
}

func (w *world) refused(refused *refusal.Refusal, reason refusal.Reason) {
	w.Helper()
	if refused == nil || refused.Reason != reason {
		w.Fatalf("wanted a refusal %q, got %v", reason, refused)
	}
	if len(w.last.Writes) > 0 {
		w.Fatalf("refused, and yet it wrote %d keys", len(w.last.Writes))
	}
}

func (w *world) state(id string) terms.State {
	w.Helper()
	return read[[]wire.TransferResult](w, "Transfers", id)[0].State
}

func (w *world) kinds() (kinds []string) {
	w.Helper()
	events := wire.Events{}
	if w.last.Event == nil {
		return nil
	}
	if err := json.Unmarshal(w.last.Event, &events); err != nil {
		w.Fatal(err)
	}
	for _, event := range events.Events {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

// issue puts a ticket at home into an account.
func (w *world) issue(id string, owner *ledgertest.Identity) *refusal.Refusal {
	w.Helper()
	return w.batch(w.issuer, "IssueTickets", wire.Tickets{Items: []wire.Ticket{{
		ID: id, Payload: payload, Recipient: owner.Account(), ValidFrom: uint64(genesis.Unix()), ValidUntil: uint64(genesis.Unix()) + 86400,
	}}})[0].Refused
}

func (w *world) redeem(validator *ledgertest.Identity, asset, event string) *refusal.Refusal {
	w.Helper()
	return w.batch(validator, "RedeemTickets", wire.Redemptions{Items: []wire.Redemption{{Asset: asset, LocalEventID: event}}})[0].Refused
}

const (
	onEVM    uint8 = 0 // eip155 sorts before fabric
	onFabric uint8 = 1
)

// terms are those of one leg, decided on `decider`, with a deadline in an hour; every call gives other ones.
func (w *world) terms(decider uint8, legs ...ledgertest.Leg) ledgertest.Terms {
	w.salt++
	initiator := evmOwner
	if decider == onFabric {
		initiator = w.alice.Account()
	}
	return ledgertest.Terms{
		Version:      1,
		Participants: []ledgertest.Participant{{Network: w.evm.Network, Gate: w.evm.GateName()}, {Network: fabricNetwork, Gate: fabricGate}},
		Decider:      decider, Initiator: initiator, Deadline: uint64(w.now.Unix()) + 3600, Salt: [32]byte{w.salt}, Legs: legs,
	}
}

func arriving(asset string, amount int64, recipient *ledgertest.Identity) ledgertest.Leg {
	return ledgertest.Leg{
		Asset: asset, Amount: big.NewInt(amount), Source: onEVM, Sender: evmOwner,
		Destination: onFabric, Recipient: recipient.Account(), PayloadHash: hashFor(asset),
	}
}

func leaving(asset string, amount int64, sender *ledgertest.Identity) ledgertest.Leg {
	return ledgertest.Leg{
		Asset: asset, Amount: big.NewInt(amount), Source: onFabric, Sender: sender.Account(),
		Destination: onEVM, Recipient: evmOwner, PayloadHash: hashFor(asset),
	}
}

func hashFor(asset string) [32]byte {
	if asset == evmToken {
		return [32]byte{}
	}
	return sha256.Sum256(payload)
}

// item is a transfer as a gateway hands it in, with all payloads and no authorisation.
func item(t ledgertest.Terms, outcome terms.State) wire.Item {
	encoded := t.Encode()
	id := sha256.Sum256(encoded)
	payloads := make([][]byte, len(t.Legs))
	for i, leg := range t.Legs {
		if leg.PayloadHash != [32]byte{} {
			payloads[i] = payload
		}
	}
	return wire.Item{ID: hex.EncodeToString(id[:]), Terms: encoded, Payloads: payloads, Outcome: outcome}
}

func id(i wire.Item) (id [32]byte) {
	raw, err := hex.DecodeString(i.ID)
	if err != nil {
		panic(err)
	}
	copy(id[:], raw)
	return id
}

// claim makes the EVM's gate hold a state for the transfers, and proves it.
func (w *world) claim(state terms.State, items ...wire.Item) wire.Proof {
	ids := make([][32]byte, len(items))
	for i, item := range items {
		ids[i] = id(item)
		w.evm.Set(ids[i], byte(state))
	}
	return wire.Proof{Network: w.evm.Network, Data: w.evm.Prove([]int{0, 2}, ids...).Encode()}
}

// arrive brings an asset from the EVM to an account here.
func (w *world) arrive(asset string, amount int64, recipient *ledgertest.Identity) wire.Item {
	w.Helper()
	t := w.terms(onEVM, arriving(asset, amount, recipient))
	w.ok(w.one(w.relay, "Prepare", item(t, 0)))
	settled := item(t, commit)
	w.ok(w.one(w.relay, "Settle", settled, w.claim(commit, settled)))
	return settled
}

// sendAbroad issues alice the home ticket and sends it to the EVM.
func (w *world) sendAbroad() {
	w.Helper()
	w.ok(w.issue("TKT-1", w.alice))
	out := w.terms(onEVM, leaving(homeTicket, 1, w.alice))
	w.ok(w.one(w.alice, "Prepare", item(out, 0)))
	w.ok(w.one(w.relay, "Settle", item(out, commit), w.claim(commit, item(out, commit))))
}

// signed is the authorisation of the terms' leg by an identity.
func signed(by *ledgertest.Identity, t ledgertest.Terms, leg int) []byte {
	r, s := by.Sign(digest(t, leg))
	return ledgertest.Authorization(by.PublicKey, r, s)
}

func digest(t ledgertest.Terms, leg int) [32]byte {
	decoded, err := terms.Decode(t.Encode())
	if err != nil {
		panic(err)
	}
	return identity.Digest(fabricNetwork, fabricGate, decoded, &decoded.Legs[leg])
}

func same(t *testing.T, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	v, _ := json.Marshal(want)
	if !bytes.Equal(g, v) {
		t.Fatalf("got %s, want %s", g, v)
	}
}

func ticket(n int) string { return fmt.Sprintf("%s/asset:citygate.ticket/T-%d", fabricNetwork, n) }
