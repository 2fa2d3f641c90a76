// Package wire is the JSON that goes in and out of the chaincode.
package wire

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"

	"citygate/chaincode/internal/refusal"
)

// The bounds of an argument; MaxArgument in bytes.
const (
	MaxArgument = 4 << 20
	MaxItems    = 64
	MaxProofs   = 16
	maxDepth    = 8
)

// Decode reads one argument of JSON into a value; what is malformed, too long or too deep is refused unparsed.
func Decode(argument string, value any) error {
	if len(argument) > MaxArgument {
		return refusal.New(refusal.Invalid, "the argument exceeds %d bytes", MaxArgument)
	}
	if !utf8.ValidString(argument) {
		return refusal.New(refusal.Invalid, "the argument isn't UTF-8")
	}
	if tooDeep(argument) {
		return refusal.New(refusal.Invalid, "the argument is nested more than %d deep", maxDepth)
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(argument)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return refusal.New(refusal.Invalid, "the argument isn't the JSON that is wanted: %.200s", err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return refusal.New(refusal.Invalid, "something follows the argument's JSON")
	}
	return nil
}

// CheckItems bounds a batch.
func CheckItems(count int) error {
	if count == 0 || count > MaxItems {
		return refusal.New(refusal.Invalid, "%d items; a call takes 1 to %d", count, MaxItems)
	}
	return nil
}

func tooDeep(text string) bool {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}
