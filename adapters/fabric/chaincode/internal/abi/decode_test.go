package abi_test

import (
	"bytes"
	"testing"

	"citygate/chaincode/internal/abi"
)

// word is a 32-byte number; padded is text filled up to words.
func word(n byte) []byte { return append(make([]byte, 31), n) }

func padded(text string) []byte {
	return append([]byte(text), make([]byte, (32-len(text)%32)%32)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// decode reads (bytes, uint8, bytes[]).
func decode(input []byte) (first []byte, number uint64, list [][]byte, err error) {
	err = abi.Decode(input, 3, func(in *abi.Tuple) {
		first, number = in.Bytes(40), in.Uint(8)
		in.List(2, func(in *abi.Tuple) { list = append(list, in.Bytes(3)) })
	})
	return first, number, list, err
}

func TestOnlyTheEncodingOfAbiEncode(t *testing.T) {
	head := join(word(0x60), word(7), word(0xa0))
	text := join(word(3), padded("one"))
	list := join(word(2), word(0x40), word(0x80), word(2), padded("ab"), word(0))
	first, number, items, err := decode(join(head, text, list))
	if err != nil || string(first) != "one" || number != 7 || len(items) != 2 || string(items[0]) != "ab" || len(items[1]) != 0 {
		t.Fatal(first, number, items, err)
	}
	huge := bytes.Repeat([]byte{0xff}, 32)
	dirty := padded("one")
	dirty[31] = 1
	for name, input := range map[string][]byte{
		"nothing":                   {},
		"heads cut short":           head[:90],
		"a tail cut short":          join(head, text, list[:len(list)-1]),
		"bytes at the end":          join(head, text, list, word(0)),
		"a number of 9 bits":        join(word(0x60), join(word(0)[:30], []byte{1, 0}), word(0xa0), text, list),
		"an offset into the heads":  join(word(0x20), word(7), word(0xa0), text, list),
		"an offset far away":        join(huge, word(7), word(0xa0), text, list),
		"a gap before a tail":       join(word(0x80), word(7), word(0xc0), word(0), text, list),
		"two offsets to one tail":   join(word(0x60), word(7), word(0x60), text, list),
		"padding that isn't zero":   join(head, word(3), dirty, list),
		"a length beyond the limit": join(head, word(41), padded("one"), list),
		"a length beyond the end":   join(head, text, word(2), word(0x40), word(0x80), word(2), padded("ab"), word(3)),
		"a length of 2^256-1":       join(head, huge, padded("one"), list),
		"a list beyond the limit":   join(head, text, word(3), word(0x60), word(0x60), word(0x60), word(0)),
		"an item beyond the limit":  join(head, text, word(1), word(0x20), word(4), padded("abcd")),
	} {
		if _, _, _, err := decode(input); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestAReaderThatLeavesHeadsUnreadIsFound(t *testing.T) {
	if err := abi.Decode(word(1), 1, func(*abi.Tuple) {}); err == nil {
		t.Fatal("an unread head word went unnoticed")
	}
}
