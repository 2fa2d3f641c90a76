package contract

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/claims"
	"citygate/chaincode/internal/gate"
	"citygate/chaincode/internal/holdings"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
	"citygate/chaincode/internal/terms"
	"citygate/chaincode/internal/wire"
)

const (
	maxQuery = 256      // names or ids in one query
	maxShort = 16 << 10 // bytes of an argument that isn't a batch
	pageSize = 100
)

// encodeClaims is the one answer that isn't JSON, so that nothing else can pose as a claim.
func encodeClaims(c *call) (any, error) {
	ids, states, err := c.states()
	if err != nil {
		return nil, err
	}
	numbers, hashes := make([]uint8, len(states)), make([][32]byte, len(states))
	for i, s := range states {
		if s == terms.None {
			return nil, refusal.New(refusal.Invalid, "transfer %x is NONE here: nothing to claim", ids[i])
		}
		numbers[i], hashes[i] = uint8(s), ids[i]
	}
	return claims.Encode(c.config.Network, c.config.Gate, hashes, numbers)
}

func transfers(c *call) (any, error) {
	ids, states, err := c.states()
	if err != nil {
		return nil, err
	}
	found := make([]wire.TransferResult, len(ids))
	for i, id := range ids {
		found[i] = wire.TransferResult{ID: hex.EncodeToString(id[:]), State: states[i]}
	}
	return found, nil
}

// states reads the transfers that the arguments name.
func (c *call) states() ([]terms.ID, []terms.State, error) {
	if err := c.names("ids of transfers"); err != nil {
		return nil, nil, err
	}
	ids, states := make([]terms.ID, len(c.args)), make([]terms.State, len(c.args))
	for i, text := range c.args {
		id, err := hex.DecodeString(text)
		if err != nil || len(id) != len(ids[i]) || hex.EncodeToString(id) != text {
			return nil, nil, refusal.New(refusal.Invalid, "argument %d: an id is 64 lower-case hex digits", i)
		}
		copy(ids[i][:], id)
		if states[i], err = gate.Load(c.state, ids[i]); err != nil {
			return nil, nil, err
		}
	}
	return ids, states, nil
}

func assets(c *call) (any, error) {
	if err := c.names("names of unique assets"); err != nil {
		return nil, err
	}
	found := make([]wire.Asset, len(c.args))
	for i, name := range c.args {
		asset, err := c.asset(i)
		if err != nil {
			return nil, err
		}
		if !asset.Unique {
			return nil, refusal.New(refusal.Invalid, "argument %d: %s isn't unique; ask for Rows or Supply", i, name)
		}
		row, err := holdings.LoadUnique(c.state, name)
		if err != nil {
			return nil, err
		}
		found[i] = c.describeAsset(name, row)
	}
	return found, nil
}

func (c *call) describeAsset(name string, row *holdings.Unique) wire.Asset {
	if row == nil {
		return wire.Asset{Asset: name, Payload: []byte{}}
	}
	kind, owner := "voucher", row.Owner
	if row.IssuedTo != "" {
		kind = "ticket"
	}
	if row.LockedBy != "" || row.Outstanding != "" {
		owner = c.config.Gate
	}
	return wire.Asset{
		Asset: name, Kind: kind, Exists: true, Owner: owner,
		Payload: append([]byte{}, row.Payload...), PayloadHash: row.PayloadHash,
		RedeemedBy: row.RedeemedBy, Outstanding: row.Outstanding, LockedBy: row.LockedBy,
		ValidFrom: row.ValidFrom, ValidUntil: row.ValidUntil,
	}
}

func rows(c *call) (any, error) {
	if err := c.take(3, "a fungible asset, an owner, and the first row or nothing"); err != nil {
		return nil, err
	}
	asset, err := c.asset(0)
	owner, first := c.args[1], c.args[2]
	switch {
	case err != nil:
		return nil, err
	case asset.Unique:
		return nil, refusal.New(refusal.Invalid, "argument 0: %s is unique; ask for Assets", asset.Name)
	case !caip.IsVisible(owner):
		return nil, refusal.New(refusal.Invalid, "argument 1: an account")
	case first != "" && !holdings.IsRow(first):
		return nil, refusal.New(refusal.Invalid, "argument 2: a row, as the page before named it")
	}
	bookmark := ""
	if first != "" {
		bookmark = state.Key(state.Fungible, asset.Name, owner, first)
	}
	iterator, page, err := c.stub.GetStateByPartialCompositeKeyWithPagination(
		string(state.Fungible), []string{asset.Name, owner}, pageSize, bookmark)
	if err != nil {
		return nil, fmt.Errorf("the rows can't be read: %w", err)
	}
	found := wire.Rows{Rows: []wire.Row{}}
	err = c.visit(iterator, func(parts []string, value []byte) error {
		row, err := decodeRow[holdings.Fungible](value)
		if err == nil {
			found.Rows = append(found.Rows, wire.Row{Row: parts[2], Amount: row.Amount})
		}
		return err
	})
	if err == nil && page.GetBookmark() != "" {
		var parts []string
		if _, parts, err = c.stub.SplitCompositeKey(page.GetBookmark()); err == nil && len(parts) == 3 {
			found.Next = parts[2]
		}
	}
	return found, err
}

// supply of a home asset: what is in escrow is what is outstanding. Of a voucher: the sum of its rows, locked ones included.
func supply(c *call) (any, error) {
	if err := c.names("names of assets"); err != nil {
		return nil, err
	}
	found := make([]wire.Supply, len(c.args))
	for i, name := range c.args {
		asset, err := c.asset(i)
		if err != nil {
			return nil, err
		}
		found[i] = wire.Supply{Asset: name, Escrowed: "0", Outstanding: map[string]string{}, Vouchers: "0"}
		if !asset.Unique {
			if found[i].Vouchers, err = c.sum(name); err != nil {
				return nil, err
			}
			continue
		}
		row, err := holdings.LoadUnique(c.state, name)
		switch {
		case err != nil:
			return nil, err
		case row != nil && asset.Home != c.config.Network:
			found[i].Vouchers = "1"
		case row != nil && row.Outstanding != "":
			found[i].Escrowed, found[i].Outstanding[row.Outstanding] = "1", "1"
		}
	}
	return found, nil
}

func (c *call) sum(asset string) (string, error) {
	total := new(big.Int)
	err := c.scan(state.Fungible, []string{asset}, func(_ []string, value []byte) error {
		row, err := decodeRow[holdings.Fungible](value)
		if err != nil {
			return err
		}
		amount, err := row.Value()
		if err == nil {
			total.Add(total, amount)
		}
		return err
	})
	return total.String(), err
}

// scan visits the rows of a kind whose keys begin with parts. Only queries do: a range in a transaction that writes would
// conflict with every new row in it.
func (c *call) scan(kind state.Kind, parts []string, visit func(parts []string, value []byte) error) error {
	iterator, err := c.stub.GetStateByPartialCompositeKey(string(kind), parts)
	if err != nil {
		return fmt.Errorf("the rows can't be read: %w", err)
	}
	return c.visit(iterator, visit)
}

func (c *call) visit(iterator shim.StateQueryIteratorInterface, visit func(parts []string, value []byte) error) (err error) {
	defer func() {
		if closing := iterator.Close(); err == nil {
			err = closing
		}
	}()
	for iterator.HasNext() {
		row, err := iterator.Next()
		if err != nil {
			return fmt.Errorf("a row can't be read: %w", err)
		}
		_, parts, err := c.stub.SplitCompositeKey(row.GetKey())
		if err != nil {
			return err
		}
		if err := visit(parts, row.GetValue()); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) asset(i int) (caip.Asset, error) {
	asset, err := caip.ParseAsset(c.args[i])
	if err != nil {
		return asset, refusal.New(refusal.Invalid, "argument %d: %s", i, err)
	}
	return asset, nil
}

func (c *call) names(what string) error {
	if len(c.args) == 0 || len(c.args) > maxQuery {
		return refusal.New(refusal.Invalid, "%d arguments; the function takes 1 to %d %s", len(c.args), maxQuery, what)
	}
	return c.short()
}

func (c *call) short() error {
	for i, argument := range c.args {
		if len(argument) > maxShort {
			return refusal.New(refusal.Invalid, "argument %d exceeds %d bytes", i, maxShort)
		}
	}
	return nil
}

func decodeRow[Row any](value []byte) (*Row, error) {
	row := new(Row)
	if err := json.Unmarshal(value, row); err != nil {
		return nil, fmt.Errorf("a row of the ledger can't be read: %w", err)
	}
	return row, nil
}
