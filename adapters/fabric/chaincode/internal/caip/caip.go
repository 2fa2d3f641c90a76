// Package caip reads the names of networks, assets and accounts in the one spelling that docs/protocol.md allows.
package caip

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
)

// MaxString bounds every string of the protocol, in bytes.
const MaxString = 256

var (
	network = regexp.MustCompile(`^(eip155:[1-9][0-9]{0,31}|fabric:[0-9a-f]{32})$`)
	address = regexp.MustCompile(`^0x[0-9a-f]{40}$`)
	account = regexp.MustCompile(`^((?:[-.a-zA-Z0-9]|%[0-9A-F]{2})+)\.([0-9a-f]{40})$`)
	evm     = regexp.MustCompile(`^(?:erc20:0x[0-9a-f]{40}|(erc721|erc1155):0x[0-9a-f]{40}/(0|[1-9][0-9]{0,77}))$`)
	fabric  = regexp.MustCompile(`^asset:([-a-zA-Z0-9]{1,64})\.([-a-zA-Z0-9]{1,63})(?:/([A-Za-z0-9][-.A-Za-z0-9]{0,63}))?$`)
	token   = regexp.MustCompile(`^[A-Za-z0-9][-.A-Za-z0-9]{0,63}$`)
	visible = regexp.MustCompile(`^[!-~]{1,256}$`)
)

// Asset is a CAIP-19 name.
type Asset struct {
	Name       string
	Home       string // the network
	Collection string // on Fabric `<chaincode>.<collection>`, elsewhere empty
	Unique     bool   // held as one, not as an amount
}

// ParseAsset reads a CAIP-19 name. ERC-1155 ids count as fungible: the name alone doesn't tell.
func ParseAsset(name string) (Asset, error) {
	home, local, found := strings.Cut(name, "/")
	if !found || !IsNetwork(home) {
		return Asset{}, fmt.Errorf("%.80q is no CAIP-19 name of an asset on eip155 or fabric", name)
	}
	if strings.HasPrefix(home, "eip155:") {
		parts := evm.FindStringSubmatch(local)
		if parts == nil {
			return Asset{}, fmt.Errorf(
				"%.160q: an EVM asset is erc20:0x…, erc721:0x…/<id> or erc1155:0x…/<id>, in lower case", name)
		}
		if id, ok := new(big.Int).SetString(parts[2], 10); ok && id.BitLen() > 256 {
			return Asset{}, fmt.Errorf("%.160q: the id exceeds 2^256 - 1", name)
		}
		return Asset{Name: name, Home: home, Unique: parts[1] == "erc721"}, nil
	}
	parts := fabric.FindStringSubmatch(local)
	if parts == nil {
		return Asset{}, fmt.Errorf(
			"%.160q: a Fabric asset is asset:<chaincode>.<collection>, for a unique one with /<id>", name)
	}
	return Asset{Name: name, Home: home, Collection: parts[1] + "." + parts[2], Unique: parts[3] != ""}, nil
}

// IsNetwork says whether a string is a CAIP-2 name that the protocol knows.
func IsNetwork(name string) bool { return network.MatchString(name) }

// IsAddress says whether a string is an EVM address in lower case.
func IsAddress(name string) bool { return address.MatchString(name) }

// IsToken says whether a string can be the id of a ticket.
func IsToken(name string) bool { return token.MatchString(name) }

// IsVisible says whether a string is 1 to 256 visible ASCII characters. All names are, and none can then break the lines
// of a text that is signed or the parts of a key.
func IsVisible(name string) bool { return visible.MatchString(name) }

// Organisation is the MSP id, percent-encoded, of a Fabric account; false where the account isn't one.
func Organisation(name string) (string, bool) {
	parts := account.FindStringSubmatch(name)
	if parts == nil || len(name) > MaxString {
		return "", false
	}
	return parts[1], true
}
