// Package tickets issues and redeems tickets.
package tickets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"

	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/holdings"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

var eventID = regexp.MustCompile(`^[!-~]{1,128}$`)

// Issue makes a ticket under a name; false where the same one exists already.
func Issue(b *state.Buffer, asset string, ticket wire.Ticket) (bool, error) {
	if err := check(ticket); err != nil {
		return false, err
	}
	hash := sha256.Sum256(ticket.Payload)
	payloadHash := hex.EncodeToString(hash[:])
	row, err := holdings.LoadUnique(b, asset)
	if err != nil {
		return false, err
	}
	if row != nil {
		if row.PayloadHash == payloadHash && row.IssuedTo == ticket.Recipient {
			return false, nil
		}
		return false, refusal.New(refusal.AlreadyApplied, "%s was issued with another payload or to another account", asset)
	}
	return true, holdings.StoreUnique(b, asset, &holdings.Unique{
		Owner: ticket.Recipient, IssuedTo: ticket.Recipient,
		Payload: ticket.Payload, PayloadHash: payloadHash,
		ValidFrom: ticket.ValidFrom, ValidUntil: ticket.ValidUntil,
	})
}

func check(ticket wire.Ticket) error {
	if !caip.IsToken(ticket.ID) {
		return refusal.New(refusal.Invalid, "ticket_id: 1 to 64 of A-Z, a-z, 0-9, - and ., a letter or digit first")
	}
	if _, ok := caip.Organisation(ticket.Recipient); !ok {
		return refusal.New(refusal.Invalid, "recipient: an account such as Org1MSP.<40 hex digits>")
	}
	if ticket.ValidFrom >= ticket.ValidUntil {
		return refusal.New(refusal.Invalid, "valid_until: after valid_from")
	}
	var compact bytes.Buffer
	if len(ticket.Payload) == 0 || len(ticket.Payload) > terms.MaxPayload || ticket.Payload[0] != '{' ||
		json.Compact(&compact, ticket.Payload) != nil || !bytes.Equal(compact.Bytes(), ticket.Payload) {
		return refusal.New(refusal.Invalid, "payload: a canonical JSON object of at most %d bytes", terms.MaxPayload)
	}
	return nil
}

// Redeem validates a ticket that is here, at home or as a voucher, and answers with the event that redeemed it and
// whether that is new. An event id is the validator's own: another validator's equal one is another event.
func Redeem(
	b *state.Buffer, validator identity.Caller, redemption wire.Redemption, now uint64,
) (event string, redeemed bool, err error) {
	asset, err := caip.ParseAsset(redemption.Asset)
	if err != nil || !asset.Unique {
		return "", false, refusal.New(refusal.Invalid, "asset: the CAIP-19 name of a unique asset")
	}
	if !eventID.MatchString(redemption.LocalEventID) {
		return "", false, refusal.New(refusal.Invalid, "local_event_id: 1 to 128 visible ASCII characters")
	}
	row, err := holdings.LoadUnique(b, asset.Name)
	switch {
	case err != nil:
		return "", false, err
	case row == nil:
		return "", false, refusal.New(refusal.Rejected, "%s doesn't exist here", asset.Name)
	case row.RedeemedBy == redemption.LocalEventID && row.Validator == validator.Account:
		return row.RedeemedBy, false, nil
	case row.RedeemedBy != "":
		return row.RedeemedBy, false, refusal.New(refusal.AlreadyApplied,
			"event %s of %s redeemed the ticket", row.RedeemedBy, row.Validator)
	case row.LockedBy != "":
		return "", false, refusal.New(refusal.Conflict, "transfer %s holds the ticket", row.LockedBy)
	case row.Outstanding != "":
		return "", false, refusal.New(refusal.Rejected, "the ticket is on %s", row.Outstanding)
	case row.IssuedTo != "" && (now < row.ValidFrom || now >= row.ValidUntil):
		return "", false, refusal.New(refusal.Rejected,
			"the ticket is valid from %d until %d", row.ValidFrom, row.ValidUntil)
	}
	row.RedeemedBy, row.Validator = redemption.LocalEventID, validator.Account
	return row.RedeemedBy, true, holdings.StoreUnique(b, asset.Name, row)
}
