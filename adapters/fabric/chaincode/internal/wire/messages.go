package wire

import (
	"encoding/json"

	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/terms"
)

// Batch is the argument of Prepare, Decide and Settle.
type Batch struct {
	Items  []Item  `json:"items"`
	Proofs []Proof `json:"proofs"`
}

// Item is a transfer with what a gate needs beside its terms: one entry per leg, or none at all.
type Item struct {
	ID             string      `json:"id"`
	Terms          []byte      `json:"terms"`
	Payloads       [][]byte    `json:"payloads"`
	Authorizations [][]byte    `json:"authorizations"`
	Inputs         [][]string  `json:"inputs"`
	Outcome        terms.State `json:"outcome"`
}

// Proof is bytes that show claims of one network.
type Proof struct {
	Network string `json:"network"`
	Data    []byte `json:"data"`
}

// Tickets is the argument of IssueTickets.
type Tickets struct {
	Items []Ticket `json:"items"`
}

// Ticket is a ticket to be issued. Its payload is canonical JSON; it is valid in [ValidFrom, ValidUntil).
type Ticket struct {
	ID         string `json:"ticket_id"`
	Payload    []byte `json:"payload"`
	Recipient  string `json:"recipient"`
	ValidFrom  uint64 `json:"valid_from"`
	ValidUntil uint64 `json:"valid_until"`
}

// Redemptions is the argument of RedeemTickets.
type Redemptions struct {
	Items []Redemption `json:"items"`
}

// Redemption is the validation of a ticket, under the validator's own idempotency key.
type Redemption struct {
	Asset        string `json:"asset"`
	LocalEventID string `json:"local_event_id"`
}

// Results is the answer of a function that takes a batch.
type Results struct {
	Results []any `json:"results"`
}

// TransferResult is the state that the gate now holds for an item's transfer.
type TransferResult struct {
	ID      string           `json:"id"`
	State   terms.State      `json:"state"`
	Refused *refusal.Refusal `json:"refused,omitempty"`
}

// TicketResult is what became of a ticket.
type TicketResult struct {
	Asset        string           `json:"asset"`
	LocalEventID string           `json:"local_event_id,omitempty"`
	Refused      *refusal.Refusal `json:"refused,omitempty"`
}

// Asset is what this network holds of a unique asset.
type Asset struct {
	Asset       string `json:"asset"`
	Kind        string `json:"kind,omitempty"`
	Exists      bool   `json:"exists"`
	Owner       string `json:"owner"`
	Payload     []byte `json:"payload"`
	PayloadHash string `json:"payload_hash"`
	RedeemedBy  string `json:"redeemed_by"`
	Outstanding string `json:"outstanding"`
	LockedBy    string `json:"locked_by"`
	ValidFrom   uint64 `json:"valid_from,omitempty"`
	ValidUntil  uint64 `json:"valid_until,omitempty"`
}

// Rows is one page of an owner's rows of a fungible asset. Next is the first row of the next page.
type Rows struct {
	Rows []Row  `json:"rows"`
	Next string `json:"next"`
}

// Row is one of the rows that add up to a holding.
type Row struct {
	Row    string `json:"row"`
	Amount string `json:"amount"`
}

// Supply is what the gate accounts for an asset.
type Supply struct {
	Asset       string            `json:"asset"`
	Escrowed    string            `json:"escrowed"`
	Outstanding map[string]string `json:"outstanding"`
	Vouchers    string            `json:"vouchers"`
}

// Peer is what the gate trusts of another network.
type Peer struct {
	Network       string          `json:"network"`
	Current       json.RawMessage `json:"current"`
	Previous      json.RawMessage `json:"previous,omitempty"`
	PreviousUntil uint64          `json:"previous_until,omitempty"`
}

// Event is one change of a transaction.
type Event struct {
	Kind     string   `json:"kind"`
	ID       string   `json:"id,omitempty"`
	Terms    []byte   `json:"terms,omitempty"`
	Payloads [][]byte `json:"payloads,omitempty"`
	Asset    string   `json:"asset,omitempty"`
	Event    string   `json:"event,omitempty"`
	Network  string   `json:"network,omitempty"`
	*refusal.Refusal
}

// Events is the payload of a transaction's chaincode event.
type Events struct {
	Events []Event `json:"events"`
}
