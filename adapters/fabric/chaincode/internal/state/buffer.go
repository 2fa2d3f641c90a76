// Package state is the ledger as one transaction sees it.
package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// Ledger is what the buffer needs of a chaincode stub.
type Ledger interface {
	GetState(key string) ([]byte, error)
	PutState(key string, value []byte) error
	DelState(key string) error
}

// Buffer holds writes back, and reads see them: Fabric's GetState shows only what earlier transactions wrote. A fork
// isolates one item of a batch; what it wrote is merged if the item succeeds and forgotten if not.
type Buffer struct {
	ledger Ledger
	parent *Buffer
	writes map[string][]byte // nil: deleted
}

// Open begins a transaction's buffer.
func Open(ledger Ledger) *Buffer {
	return &Buffer{ledger: ledger, writes: map[string][]byte{}}
}

// Fork begins a buffer on top of this one.
func (b *Buffer) Fork() *Buffer {
	return &Buffer{parent: b, writes: map[string][]byte{}}
}

// Merge adds what a fork wrote to what it was forked from.
func (b *Buffer) Merge() {
	maps.Copy(b.parent.writes, b.writes)
}

// Changed says whether anything was written.
func (b *Buffer) Changed() bool { return len(b.writes) > 0 }

// Get reads a value; nil where there is none.
func (b *Buffer) Get(key string) ([]byte, error) {
	for at := b; ; at = at.parent {
		if value, written := at.writes[key]; written {
			return value, nil
		}
		if at.parent == nil {
			return at.ledger.GetState(key)
		}
	}
}

// Put writes a value, which must not be empty.
func (b *Buffer) Put(key string, value []byte) { b.writes[key] = value }

// Delete removes a value.
func (b *Buffer) Delete(key string) { b.writes[key] = nil }

// Flush hands the writes to the ledger, in the order of their keys.
func (b *Buffer) Flush() error {
	for _, key := range slices.Sorted(maps.Keys(b.writes)) {
		var err error
		if value := b.writes[key]; value == nil {
			err = b.ledger.DelState(key)
		} else {
			err = b.ledger.PutState(key, value)
		}
		if err != nil {
			return fmt.Errorf("the peer didn't take a write: %w", err)
		}
	}
	return nil
}

// Load reads a row of JSON; nil where there is none.
func Load[Row any](b *Buffer, key string) (*Row, error) {
	value, err := b.Get(key)
	if err != nil || value == nil {
		return nil, err
	}
	row := new(Row)
	if err := json.Unmarshal(value, row); err != nil {
		return nil, fmt.Errorf("a row of the ledger can't be read: %w", err)
	}
	return row, nil
}

// Store writes a row as JSON, whose fields Go writes in the order of their declaration.
func Store[Row any](b *Buffer, key string, row *Row) error {
	value, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("a row can't be written: %w", err)
	}
	b.Put(key, value)
	return nil
}
