package contract

import (
	"citygate/chaincode/internal/governance"
	"citygate/chaincode/internal/holdings"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

func grantRole(c *call) (any, error)  { return c.setRole(true) }
func revokeRole(c *call) (any, error) { return c.setRole(false) }

func (c *call) setRole(granted bool) (any, error) {
	if err := c.take(2, "a role and an account"); err != nil {
		return nil, err
	}
	role := governance.Role(c.args[0])
	return struct{}{}, governance.SetRole(c.state, c.config.Organisations, c.caller, role, c.args[1], granted)
}

func setOperator(c *call) (any, error) {
	if err := c.take(2, "the operator's account, and true or false"); err != nil {
		return nil, err
	}
	if c.args[1] != "true" && c.args[1] != "false" {
		return nil, refusal.New(refusal.Invalid, "the second argument is true or false")
	}
	return struct{}{}, governance.SetOperator(c.state, c.caller, c.args[0], c.args[1] == "true")
}

func approvePeer(c *call) (any, error) {
	if err := c.take(1, "a peer as JSON"); err != nil {
		return nil, err
	}
	peer, current, err := governance.ApprovePeer(c.state, c.config.Organisations, c.caller, c.args[0], c.now)
	if err != nil {
		return nil, err
	}
	if current && c.state.Changed() {
		c.events = append(c.events, wire.Event{Kind: "peer", Network: peer.Network})
	}
	return struct {
		Current bool `json:"current"`
	}{current}, nil
}

func peers(c *call) (any, error) {
	if err := c.take(0, "none"); err != nil {
		return nil, err
	}
	found := []wire.Peer{}
	err := c.scan(state.Peer, nil, func(parts []string, value []byte) error {
		record, err := decodeRow[governance.Record](value)
		if err == nil {
			found = append(found, wire.Peer{
				Network: parts[0], Current: record.Current,
				Previous: record.Previous, PreviousUntil: record.PreviousUntil,
			})
		}
		return err
	})
	return found, err
}

// limits are the bounds that a client needs.
type limits struct {
	Items    int `json:"items"`
	Argument int `json:"argument"`
	Terms    int `json:"terms"`
	Payload  int `json:"payload"`
	Proofs   int `json:"proofs"`
	Inputs   int `json:"inputs"`
}

func describe(c *call) (any, error) {
	return struct {
		Network          string   `json:"network"`
		Gate             string   `json:"gate"`
		Organisations    []string `json:"organisations"`
		TicketCollection string   `json:"ticket_collection"`
		Limits           limits   `json:"limits"`
	}{
		c.config.Network, c.config.Gate, c.config.Organisations, c.config.tickets(),
		limits{wire.MaxItems, wire.MaxArgument, terms.MaxTerms, terms.MaxPayload, wire.MaxProofs, holdings.MaxInputs},
	}, nil
}

// take holds that the call has a number of arguments, each short.
func (c *call) take(count int, what string) error {
	if len(c.args) != count {
		return refusal.New(refusal.Invalid, "%d arguments; the function takes %d: %s", len(c.args), count, what)
	}
	return c.short()
}
