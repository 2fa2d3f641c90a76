package caip_test

import (
	"strings"
	"testing"

	"citygate/chaincode/internal/caip"
)

const (
	address = "0xe7f1725e7734ce288f8367e1bb143e90bb3f0512"
	fabric  = "fabric:9f86d081884c7d659a2feaa0c55ad015"
	maximum = "115792089237316195423570985008687907853269984665640564039457584007913129639935"
)

func TestAnAssetHasOneSpelling(t *testing.T) {
	for name, unique := range map[string]bool{
		"eip155:1/erc20:" + address:                  false,
		"eip155:1/erc1155:" + address + "/7":         false,
		"eip155:1/erc721:" + address + "/0":          true,
		"eip155:1/erc721:" + address + "/" + maximum: true,
		fabric + "/asset:city-gate.ticket/TKT-1.a":   true,
		fabric + "/asset:citygate.energy":            false,
	} {
		asset, err := caip.ParseAsset(name)
		if err != nil || asset.Unique != unique || !strings.HasPrefix(name, asset.Home+"/") {
			t.Errorf("%s: %+v, %v", name, asset, err)
		}
	}
	for _, name := range []string{
		"", "eip155:1", "eip155:1/", "eip155:01/erc20:" + address, "eip155:1/erc20:" + strings.ToUpper(address),
		"eip155:1/erc20:" + address + "/1", "eip155:1/erc721:" + address, "eip155:1/erc721:" + address + "/",
		"eip155:1/erc721:" + address + "/07", "eip155:1/erc721:" + address + "/-1", "eip155:1/erc721:" + address + "/0x1",
		"eip155:1/erc721:" + address + "/" + maximum[:77] + "6", "solana:1/erc20:" + address,
		fabric + "/asset:citygate", fabric + "/asset:citygate.ticket/", fabric + "/asset:citygate.ticket/-A",
		fabric + "/asset:citygate.ticket/A/B", fabric + "/asset:citygate.ticket/A%20B", fabric + "/asset:citygate.ticket/A\n",
		fabric + "/asset:citygate.ticket/" + strings.Repeat("A", 65), "fabric:9F86/asset:citygate.ticket/A",
	} {
		if asset, err := caip.ParseAsset(name); err == nil {
			t.Errorf("%q: accepted as %+v", name, asset)
		}
	}
}

func TestAnAccountNamesItsOrganisation(t *testing.T) {
	key := "." + strings.Repeat("0a", 20)
	for account, want := range map[string]string{
		"Org1MSP" + key: "Org1MSP", "org.example.com" + key: "org.example.com", "Stadt%C3%A4mter" + key: "Stadt%C3%A4mter",
	} {
		if got, ok := caip.Organisation(account); !ok || got != want {
			t.Errorf("%s: %q", account, got)
		}
	}
	for _, account := range []string{
		"", key, "Org1MSP", "Org1MSP" + key + "0", "Org1MSP" + strings.ToUpper(key), "Org 1" + key, "Org%c3" + key, "Org1MSP" + key + "\n",
		strings.Repeat("O", 256) + key,
	} {
		if _, ok := caip.Organisation(account); ok {
			t.Errorf("%q: accepted", account)
		}
	}
}
