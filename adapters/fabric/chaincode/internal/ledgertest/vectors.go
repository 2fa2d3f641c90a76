package ledgertest

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// Hex is bytes that the shared vectors write as hex digits.
type Hex []byte

// UnmarshalText reads hex digits.
func (h *Hex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// ReadVectors reads one file of the vectors that hold Python, Solidity and Go to the same bytes; the test's folder is
// two below the module's.
func ReadVectors[Vectors any](t *testing.T, name string) (vectors Vectors) {
	t.Helper()
	text, err := os.ReadFile("../../../../sdk/src/citygate/adapter/vectors/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}
