// Package ledgertest is what the tests stand on: a Fabric ledger in memory, identities, an EVM's tries and attestors.
package ledgertest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/ledger/queryresult"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Ledger is the state database of a channel.
type Ledger struct {
	Channel, Chaincode string
	rows               map[string][]byte
}

// NewLedger begins an empty ledger.
func NewLedger(channel, chaincode string) *Ledger {
	return &Ledger{channel, chaincode, map[string][]byte{}}
}

// Transaction is the stub of one simulated transaction. Like a peer's, its reads don't see its writes.
type Transaction struct {
	shim.ChaincodeStubInterface
	ledger   *Ledger
	creator  []byte
	at       time.Time
	called   string
	args     []string
	Reads    map[string]bool
	Writes   map[string][]byte
	Event    []byte
	scanning bool
}

// Begin makes a transaction by a client at a time; called is the chaincode that the client's proposal names.
func (l *Ledger) Begin(t *testing.T, client *Identity, at time.Time, called string, args ...string) *Transaction {
	t.Helper()
	return &Transaction{
		ledger: l, creator: client.Serialized(t), at: at, called: called, args: args,
		Reads: map[string]bool{}, Writes: map[string][]byte{},
	}
}

// Commit makes the transaction's writes part of the ledger.
func (x *Transaction) Commit() {
	for key, value := range x.Writes {
		if value == nil {
			delete(x.ledger.rows, key)
		} else {
			x.ledger.rows[key] = value
		}
	}
}

// Conflicts says whether of two transactions in one block the later would be invalid, whichever comes first.
func (x *Transaction) Conflicts(other *Transaction) bool {
	for key := range x.Writes {
		if _, written := other.Writes[key]; written || other.Reads[key] {
			return true
		}
	}
	for key := range other.Writes {
		if x.Reads[key] {
			return true
		}
	}
	return false
}

// RangedAndWrote says whether the transaction did what invites phantoms: a range query and a write.
func (x *Transaction) RangedAndWrote() bool { return x.scanning && len(x.Writes) > 0 }

// The methods of the stub that the chaincode uses.

func (x *Transaction) GetTxID() string                      { return "transaction" }
func (x *Transaction) GetChannelID() string                 { return x.ledger.Channel }
func (x *Transaction) GetCreator() ([]byte, error)          { return x.creator, nil }
func (x *Transaction) SetEvent(_ string, data []byte) error { x.Event = data; return nil }

func (x *Transaction) GetFunctionAndParameters() (string, []string) { return x.args[0], x.args[1:] }

func (x *Transaction) GetTxTimestamp() (*timestamppb.Timestamp, error) {
	return timestamppb.New(x.at), nil
}

func (x *Transaction) GetState(key string) ([]byte, error) {
	x.Reads[key] = true
	return x.ledger.rows[key], nil
}

func (x *Transaction) PutState(key string, value []byte) error {
	x.Writes[key] = value
	return nil
}

func (x *Transaction) DelState(key string) error {
	x.Writes[key] = nil
	return nil
}

func (x *Transaction) GetSignedProposal() (*peer.SignedProposal, error) {
	extension := must(proto.Marshal(&peer.ChaincodeHeaderExtension{ChaincodeId: &peer.ChaincodeID{Name: x.called}}))
	channel := must(proto.Marshal(&common.ChannelHeader{ChannelId: x.ledger.Channel, Extension: extension}))
	header := must(proto.Marshal(&common.Header{ChannelHeader: channel}))
	return &peer.SignedProposal{ProposalBytes: must(proto.Marshal(&peer.Proposal{Header: header}))}, nil
}

func (x *Transaction) SplitCompositeKey(key string) (string, []string, error) {
	parts := strings.Split(strings.Trim(key, "\x00"), "\x00")
	return parts[0], parts[1:], nil
}

func (x *Transaction) GetStateByPartialCompositeKey(kind string, parts []string) (shim.StateQueryIteratorInterface, error) {
	found, _, err := x.GetStateByPartialCompositeKeyWithPagination(kind, parts, 1<<30, "")
	return found, err
}

func (x *Transaction) GetStateByPartialCompositeKeyWithPagination(kind string, parts []string, size int32, bookmark string,
) (shim.StateQueryIteratorInterface, *peer.QueryResponseMetadata, error) {
	x.scanning = true
	prefix, err := shim.CreateCompositeKey(kind, parts)
	if err != nil {
		return nil, nil, err
	}
	found, page := &iterator{}, &peer.QueryResponseMetadata{}
	for _, key := range slices.Sorted(maps.Keys(x.ledger.rows)) {
		if !strings.HasPrefix(key, prefix) || key < bookmark {
			continue
		}
		if len(found.rows) == int(size) {
			page.Bookmark = key
			break
		}
		found.rows = append(found.rows, &queryresult.KV{Key: key, Value: x.ledger.rows[key]})
	}
	return found, page, nil
}

type iterator struct{ rows []*queryresult.KV }

func (i *iterator) HasNext() bool { return len(i.rows) > 0 }
func (i *iterator) Close() error  { return nil }
func (i *iterator) Next() (*queryresult.KV, error) {
	row := i.rows[0]
	i.rows = i.rows[1:]
	return row, nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
