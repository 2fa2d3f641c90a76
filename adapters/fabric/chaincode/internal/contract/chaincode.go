// Package contract is the chaincode's functions: arguments in, answers and one event out.
package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/wire"
)

// maxSkew is how far a transaction's timestamp may be from the endorser's clock.
const maxSkew = 60 * time.Second

// eventName is that of the one event a transaction that changes something has.
const eventName = "citygate"

// Chaincode answers a peer. Clock is the endorser's own; it only ever refuses.
type Chaincode struct {
	Config Config
	Clock  func() time.Time
}

// function answers with bytes that become the response's payload as they are, or with a value that becomes JSON.
type function func(*call) (any, error)

var functions = map[string]function{
	"Prepare":       prepare,
	"Decide":        decide,
	"Settle":        settle,
	"Claims":        encodeClaims,
	"Transfers":     transfers,
	"IssueTickets":  issueTickets,
	"RedeemTickets": redeemTickets,
	"SetOperator":   setOperator,
	"Assets":        assets,
	"Rows":          rows,
	"Supply":        supply,
	"GrantRole":     grantRole,
	"RevokeRole":    revokeRole,
	"ApprovePeer":   approvePeer,
	"Peers":         peers,
	"Describe":      describe,
}

// call is one transaction, or one query.
type call struct {
	config Config
	stub   shim.ChaincodeStubInterface
	state  *state.Buffer
	caller identity.Caller
	now    uint64 // the transaction's timestamp, in seconds since the epoch
	args   []string
	events []wire.Event
}

// Init has nothing to set up: the configuration is that of the process.
func (c *Chaincode) Init(shim.ChaincodeStubInterface) *peer.Response { return shim.Success(nil) }

// Invoke runs one function. Whatever hostile bytes might bring down fails this call only.
func (c *Chaincode) Invoke(stub shim.ChaincodeStubInterface) (response *peer.Response) {
	defer func() {
		if fault := recover(); fault != nil {
			slog.Error("a call panicked", "transaction", stub.GetTxID(), "fault", fault)
			response = failure(refusal.New(refusal.Invalid, "the arguments can't be processed"))
		}
	}()
	payload, err := c.run(stub)
	if err != nil {
		return failure(err)
	}
	return shim.Success(payload)
}

func (c *Chaincode) run(stub shim.ChaincodeStubInterface) ([]byte, error) {
	now, err := c.admit(stub)
	if err != nil {
		return nil, err
	}
	caller, err := identity.Read(stub)
	if err != nil {
		return nil, err
	}
	name, args := stub.GetFunctionAndParameters()
	run, known := functions[name]
	if !known {
		return nil, refusal.New(refusal.Unsupported, "there is no function %.40q", name)
	}
	call := &call{c.Config, stub, state.Open(stub), caller, now, args, []wire.Event{}}
	answer, err := run(call)
	if err != nil {
		return nil, err
	}
	if err := call.finish(); err != nil {
		return nil, err
	}
	if payload, ready := answer.([]byte); ready {
		return payload, nil
	}
	return json.Marshal(answer)
}

// admit checks where and when the call was made: for this gate itself, not through another chaincode, which a signer
// may have meant to call and nothing else; and close to the endorser's own clock.
func (c *Chaincode) admit(stub shim.ChaincodeStubInterface) (now uint64, err error) {
	target, err := calledChaincode(stub)
	if err != nil {
		return 0, err
	}
	if called := stub.GetChannelID() + "." + target; called != c.Config.Gate {
		return 0, refusal.New(refusal.Rejected, "this gate is %s, and the call is to %.200s", c.Config.Gate, called)
	}
	timestamp, err := stub.GetTxTimestamp()
	if err != nil {
		return 0, fmt.Errorf("the transaction has no timestamp: %w", err)
	}
	at := timestamp.AsTime()
	if skew := c.Clock().Sub(at).Abs(); skew > maxSkew || at.Unix() < 0 {
		return 0, refusal.New(refusal.Rejected, "the timestamp is more than %s from the endorser's clock", maxSkew)
	}
	return uint64(at.Unix()), nil
}

// calledChaincode is the chaincode that the client's proposal names.
func calledChaincode(stub shim.ChaincodeStubInterface) (string, error) {
	signed, err := stub.GetSignedProposal()
	if err != nil || signed == nil {
		return "", errors.New("the proposal can't be read")
	}
	proposal, header, channel := &peer.Proposal{}, &common.Header{}, &common.ChannelHeader{}
	extension := &peer.ChaincodeHeaderExtension{}
	if err := errors.Join(
		proto.Unmarshal(signed.GetProposalBytes(), proposal),
		proto.Unmarshal(proposal.GetHeader(), header),
		proto.Unmarshal(header.GetChannelHeader(), channel),
		proto.Unmarshal(channel.GetExtension(), extension),
	); err != nil {
		return "", errors.New("the proposal's header can't be read")
	}
	return extension.GetChaincodeId().GetName(), nil
}

// finish hands writes and event to the peer; a call that changed nothing has neither.
func (c *call) finish() error {
	if !c.state.Changed() {
		return nil
	}
	if err := c.state.Flush(); err != nil {
		return err
	}
	payload, err := json.Marshal(wire.Events{Events: c.events})
	if err != nil {
		return err
	}
	return c.stub.SetEvent(eventName, payload)
}

// failure is the answer to a call that failed as a whole. What isn't a refusal is a fault of the peer or its ledger.
func failure(err error) *peer.Response {
	var refused *refusal.Refusal
	if !errors.As(err, &refused) {
		refused = refusal.New(refusal.Unavailable, "%s", err)
	}
	message, err := json.Marshal(refused)
	if err != nil {
		return shim.Error(refused.Error())
	}
	return shim.Error(string(message))
}
