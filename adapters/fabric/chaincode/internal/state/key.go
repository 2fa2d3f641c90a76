package state

import "strings"

// Kind is the first part of a key: what its rows hold.
type Kind string

// The kinds of rows, each with the parts of its key.
const (
	Transfer Kind = "transfer" // id
	Unique   Kind = "unique"   // asset
	Fungible Kind = "fungible" // asset, owner, row
	Operator Kind = "operator" // owner, operator
	Role     Kind = "role"     // role, account
	Peer     Kind = "peer"     // network
	Vote     Kind = "vote"     // network, organisation
)

// Key is Fabric's composite key of a kind and its parts, so that partial ones can be queried. Every kind has a fixed
// number of parts and no part holds a zero byte (all are checked names), so no key is another's prefix.
func Key(kind Kind, parts ...string) string {
	return "\x00" + strings.Join(append([]string{string(kind)}, parts...), "\x00") + "\x00"
}
