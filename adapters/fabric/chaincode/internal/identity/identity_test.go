package identity_test

import (
	"testing"

	"citygate/chaincode/internal/identity"
)

func TestAnMSPIdIsPercentEncoded(t *testing.T) {
	for id, want := range map[string]string{"Org1-MSP.x": "Org1-MSP.x", "a_b%c": "a%5Fb%25c", "ä": "%C3%A4"} {
		if got := identity.Encode(id); got != want {
			t.Errorf("%q became %q", id, got)
		}
	}
}
