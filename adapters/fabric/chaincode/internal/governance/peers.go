package governance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ethereum/go-ethereum/common"

	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/ethereum"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/wire"
)

// Overlap is for how many seconds the peer before a change stays valid, so that a transfer under way still finds it.
const Overlap = 7 * 24 * 60 * 60

// Peer is another network's gate, and what verifies its claims.
type Peer struct {
	Kind      string   `json:"kind"` // evm
	Network   string   `json:"network"`
	Gate      string   `json:"gate"`
	Attestors []string `json:"attestors"`
	Threshold int      `json:"threshold"`
}

// Record is a network's row: what the organisations approved last and, until a time, what they had approved before.
type Record struct {
	Current       json.RawMessage `json:"current"`
	Previous      json.RawMessage `json:"previous,omitempty"`
	PreviousUntil uint64          `json:"previous_until,omitempty"`
}

// ApprovePeer casts the vote of the caller's organisation, and says whether the peer is now current. An organisation has one
// vote for each network, and a change uses up all of them, so that an old vote can't bring an old peer back.
func ApprovePeer(
	b *state.Buffer, organisations []string, caller identity.Caller, argument string, now uint64,
) (peer *Peer, current bool, err error) {
	if err := requireAdmin(organisations, caller); err != nil {
		return nil, false, err
	}
	peer = new(Peer)
	if err := wire.Decode(argument, peer); err != nil {
		return nil, false, err
	}
	if err := peer.check(); err != nil {
		return nil, false, err
	}
	record, err := load(b, peer.Network)
	if err != nil {
		return nil, false, err
	}
	text, err := json.Marshal(peer)
	if err != nil {
		return nil, false, err
	}
	if bytes.Equal(record.Current, text) {
		return peer, true, nil
	}
	votes, err := vote(b, organisations, caller.Organisation, peer.Network, text)
	if err != nil || votes*2 <= len(organisations) {
		return peer, false, err
	}
	for _, organisation := range organisations {
		b.Delete(state.Key(state.Vote, peer.Network, organisation))
	}
	if record.Current != nil {
		record.Previous, record.PreviousUntil = record.Current, now+Overlap
	}
	record.Current = text
	return peer, true, state.Store(b, state.Key(state.Peer, peer.Network), record)
}

// vote stores an organisation's vote and counts those for the same peer.
func vote(b *state.Buffer, organisations []string, voter, network string, peer []byte) (int, error) {
	hash := sha256.Sum256(peer)
	choice := hex.EncodeToString(hash[:])
	key := state.Key(state.Vote, network, voter)
	if before, err := b.Get(key); err != nil {
		return 0, err
	} else if string(before) != choice {
		b.Put(key, []byte(choice))
	}
	votes := 0
	for _, organisation := range organisations {
		value, err := b.Get(state.Key(state.Vote, network, organisation))
		if err != nil {
			return 0, err
		}
		if string(value) == choice {
			votes++
		}
	}
	return votes, nil
}

// Peers is what the gate accepts of a network at a time: the current peer and, during the overlap, the one before.
func Peers(b *state.Buffer, network string, now uint64) ([]Peer, error) {
	if !caip.IsNetwork(network) {
		return nil, nil
	}
	record, err := load(b, network)
	if err != nil || record.Current == nil {
		return nil, err
	}
	accepted := []json.RawMessage{record.Current}
	if record.Previous != nil && now <= record.PreviousUntil {
		accepted = append(accepted, record.Previous)
	}
	peers := make([]Peer, len(accepted))
	for i, text := range accepted {
		if err := json.Unmarshal(text, &peers[i]); err != nil {
			return nil, err
		}
	}
	return peers, nil
}

// Verifier is what checks the peer's claims.
func (p *Peer) Verifier() claims.Verifier {
	attestors := make([]common.Address, len(p.Attestors))
	for i, attestor := range p.Attestors {
		attestors[i] = common.HexToAddress(attestor)
	}
	return &ethereum.Verifier{
		Network: p.Network, Gate: common.HexToAddress(p.Gate), GateName: p.Gate,
		Attestors: attestors, Threshold: p.Threshold,
	}
}

func (p *Peer) check() error {
	switch {
	case p.Kind != "evm":
		return refusal.New(refusal.Unsupported, "kind: %.40q; this gate verifies claims of the kind evm", p.Kind)
	case !caip.IsNetwork(p.Network) || !strings.HasPrefix(p.Network, "eip155:"):
		return refusal.New(refusal.Invalid, "network: the CAIP-2 name of an EVM network, such as eip155:1")
	case !caip.IsAddress(p.Gate):
		return refusal.New(refusal.Invalid, "gate: an address in lower case")
	case len(p.Attestors) == 0 || len(p.Attestors) > ethereum.MaxAttestors:
		return refusal.New(refusal.Invalid, "attestors: 1 to %d addresses", ethereum.MaxAttestors)
	case p.Threshold < 1 || p.Threshold > len(p.Attestors):
		return refusal.New(refusal.Invalid, "threshold: 1 to the number of attestors")
	}
	for i, attestor := range p.Attestors {
		if !caip.IsAddress(attestor) || slices.Contains(p.Attestors[:i], attestor) {
			return refusal.New(refusal.Invalid, "attestors[%d]: an address in lower case that doesn't come twice", i)
		}
	}
	return nil
}

func load(b *state.Buffer, network string) (*Record, error) {
	record, err := state.Load[Record](b, state.Key(state.Peer, network))
	if record == nil {
		record = new(Record)
	}
	return record, err
}
