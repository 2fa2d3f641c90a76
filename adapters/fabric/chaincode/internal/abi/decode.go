// Package abi reads the ABI encoding of Solidity strictly.
//
// go-ethereum's decoder follows an offset wherever it points. So one value has many encodings, and offsets that overlap make
// a small input decode to an enormous value. This one takes the encoding that `abi.encode` makes and no other: every tail
// begins where the one before it ended. It reads each byte once, so its work is linear in the input.
package abi

import (
	"errors"
	"fmt"
	"math/big"
)

const word = 32

// Tuple is a place in an encoding: heads of 32 bytes from the front, tails behind them. After the first fault all its
// answers are zero, and Err says what was wrong.
type Tuple struct {
	input            []byte
	base, head, tail int
	err              error
}

// Decode reads an encoding of `words` head words (as `abi.encode` of that many arguments) from front to end.
func Decode(input []byte, words int, read func(*Tuple)) error {
	t := &Tuple{input: input, tail: words * word}
	t.inside(words, read)
	if t.err == nil && t.tail != len(input) {
		t.err = errors.New("bytes after the end")
	}
	return t.err
}

// inside runs read between the tuple's base and the end of its heads.
func (t *Tuple) inside(words int, read func(*Tuple)) {
	if t.err == nil && t.tail > len(t.input) {
		t.err = errors.New("it ends too early")
	}
	if t.err != nil {
		return
	}
	read(t)
	if t.err == nil && t.head != t.base+words*word {
		t.err = fmt.Errorf("%d head words were read of %d", (t.head-t.base)/word, words)
	}
}

// Bytes32 reads a word.
func (t *Tuple) Bytes32() (value [32]byte) {
	if t.err == nil {
		copy(value[:], t.input[t.head:t.head+word])
		t.head += word
	}
	return value
}

// Uint reads an unsigned number of at most 64 bits.
func (t *Tuple) Uint(bits int) uint64 {
	value := t.Uint256()
	if t.err == nil && value.BitLen() > bits {
		t.err = fmt.Errorf("a number exceeds %d bits", bits)
	}
	if t.err != nil {
		return 0
	}
	return value.Uint64()
}

// Uint256 reads an unsigned number.
func (t *Tuple) Uint256() *big.Int {
	value := t.Bytes32()
	return new(big.Int).SetBytes(value[:])
}

// Bytes reads a byte string of at most limit bytes.
func (t *Tuple) Bytes(limit int) []byte {
	length := t.dynamic(limit)
	padded := (length + word - 1) / word * word
	if t.err != nil {
		return nil
	}
	if t.tail+padded > len(t.input) {
		t.err = errors.New("a byte string ends too early")
		return nil
	}
	value, padding := t.input[t.tail:t.tail+length], t.input[t.tail+length:t.tail+padded]
	for _, b := range padding {
		if b != 0 {
			t.err = errors.New("padding that isn't zero")
			return nil
		}
	}
	t.tail += padded
	return value
}

// Each reads a list of at most limit elements that are dynamic, by their offsets. Each reads one at the tuple that it
// is given, which has as many head words as the element.
func (t *Tuple) Each(limit int, words int, read func(*Tuple)) {
	count := t.dynamic(limit)
	list := t.nested(count)
	list.inside(count, func(list *Tuple) {
		for range count {
			list.Nested(words, read)
		}
	})
	t.leave(list)
}

// List reads a list of at most limit elements whose head is themselves: words, byte strings or lists.
func (t *Tuple) List(limit int, read func(*Tuple)) {
	count := t.dynamic(limit)
	list := t.nested(count)
	list.inside(count, func(list *Tuple) {
		for range count {
			read(list)
		}
	})
	t.leave(list)
}

// Nested reads a dynamic tuple of `words` head words.
func (t *Tuple) Nested(words int, read func(*Tuple)) {
	t.offset()
	inner := t.nested(words)
	inner.inside(words, read)
	t.leave(inner)
}

func (t *Tuple) nested(words int) *Tuple {
	return &Tuple{t.input, t.tail, t.tail, t.tail + words*word, t.err}
}

func (t *Tuple) leave(inner *Tuple) { t.tail, t.err = inner.tail, inner.err }

// offset reads an offset, which must point at the next tail.
func (t *Tuple) offset() {
	if at := t.Uint(32); t.err == nil && int(at) != t.tail-t.base {
		t.err = errors.New("an offset that abi.encode doesn't make")
	}
}

// dynamic reads an offset and the length that it points at.
func (t *Tuple) dynamic(limit int) int {
	t.offset()
	if t.err == nil && t.tail+word > len(t.input) {
		t.err = errors.New("a length is missing")
	}
	if t.err != nil {
		return 0
	}
	length := new(big.Int).SetBytes(t.input[t.tail : t.tail+word])
	t.tail += word
	if !length.IsUint64() || length.Uint64() > uint64(limit) {
		t.err = fmt.Errorf("a length exceeds %d", limit)
		return 0
	}
	return int(length.Uint64())
}
