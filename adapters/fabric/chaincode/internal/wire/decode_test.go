package wire_test

import (
	"strings"
	"testing"

	"citygate/chaincode/internal/wire"
)

func TestDecodeBounds(t *testing.T) {
	nested := func(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }
	for argument, good := range map[string]bool{
		nested(8):               true,
		nested(9):               false,
		`["[[[[[[[[[[\"[[[[["]`: true, // brackets in a string aren't depth
		`["` + "\xff" + `"]`:    false,
		`[] []`:                 false,
		`[] `:                   true,
		`[`:                     false,
		``:                      false,
		`"` + strings.Repeat("x", wire.MaxArgument) + `"`: false,
	} {
		var value any
		if err := wire.Decode(argument, &value); (err == nil) != good {
			t.Errorf("%.40q: %v", argument, err)
		}
	}
	if err := wire.Decode(`{"items":[],"unknown":1}`, &wire.Batch{}); err == nil {
		t.Error("an unknown field was accepted")
	}
}
