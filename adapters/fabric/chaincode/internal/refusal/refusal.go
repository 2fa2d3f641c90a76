// Package refusal holds the reasons for which the gate says no.
package refusal

import "fmt"

// Reason is one of the closed set that the adapter interface knows.
type Reason string

// The reasons a gate gives; the adapter adds those that concern the way to the ledger.
const (
	Rejected       Reason = "rejected"
	Unauthorised   Reason = "unauthorised"
	Insufficient   Reason = "insufficient"
	Conflict       Reason = "conflict"
	AlreadyApplied Reason = "already applied"
	Unavailable    Reason = "unavailable"
	Unsupported    Reason = "unsupported"
	Invalid        Reason = "invalid"
)

// Refusal is an answer, not a fault: the call or the item changed nothing. Its text depends on nothing but the
// arguments and the ledger, because all endorsers have to give the same one.
type Refusal struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail"`
}

func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }

// New makes a refusal with a formatted detail.
func New(reason Reason, format string, args ...any) *Refusal {
	return &Refusal{reason, fmt.Sprintf(format, args...)}
}
