// Package governance is who may do what, and which other networks' claims the gate believes.
package governance

import (
	"citygate/chaincode/internal/caip"
	"citygate/chaincode/internal/identity"
	"citygate/chaincode/internal/refusal"
	"citygate/chaincode/internal/state"
)

// Role is what an account may do beyond moving its own assets.
type Role string

// The roles.
const (
	Issuer    Role = "issuer"
	Validator Role = "validator"
)

var set = []byte(`true`)

// SetRole grants or revokes a role. The caller must administer the account's organisation, and that must be one of
// the gate's.
func SetRole(
	b *state.Buffer, organisations []string, caller identity.Caller, role Role, account string, granted bool,
) error {
	if role != Issuer && role != Validator {
		return refusal.New(refusal.Invalid, "%.40q is no role; there are %s and %s", string(role), Issuer, Validator)
	}
	organisation, ok := caip.Organisation(account)
	if !ok {
		return refusal.New(refusal.Invalid, "%.80q is no account such as Org1MSP.<40 hex digits>", account)
	}
	if err := requireAdmin(organisations, caller); err != nil {
		return err
	}
	if identity.Encode(caller.Organisation) != organisation {
		return refusal.New(refusal.Unauthorised, "%s doesn't administer %s", caller.Organisation, organisation)
	}
	return toggle(b, state.Key(state.Role, string(role), account), granted)
}

// RequireRole refuses a caller who doesn't have the role.
func RequireRole(b *state.Buffer, caller identity.Caller, role Role) error {
	value, err := b.Get(state.Key(state.Role, string(role), caller.Account))
	if err != nil {
		return err
	}
	if value == nil {
		return refusal.New(refusal.Unauthorised,
			"%s isn't %s: an administrator of its organisation grants the role", caller.Account, role)
	}
	return nil
}

// SetOperator lets another account send the caller's assets, or stops it.
func SetOperator(b *state.Buffer, caller identity.Caller, operator string, approved bool) error {
	if _, ok := caip.Organisation(operator); !ok {
		return refusal.New(refusal.Invalid, "%.80q is no account such as Org1MSP.<40 hex digits>", operator)
	}
	return toggle(b, state.Key(state.Operator, caller.Account, operator), approved)
}

// IsOperator says whether the owner lets the operator send its assets.
func IsOperator(b *state.Buffer, owner, operator string) (bool, error) {
	value, err := b.Get(state.Key(state.Operator, owner, operator))
	return value != nil, err
}

// toggle writes only what changes something.
func toggle(b *state.Buffer, key string, on bool) error {
	value, err := b.Get(key)
	switch {
	case err != nil:
		return err
	case on && value == nil:
		b.Put(key, set)
	case !on && value != nil:
		b.Delete(key)
	}
	return nil
}

func requireAdmin(organisations []string, caller identity.Caller) error {
	for _, organisation := range organisations {
		if caller.Admin && caller.Organisation == organisation {
			return nil
		}
	}
	return refusal.New(refusal.Unauthorised, "%s isn't an administrator of one of the gate's organisations", caller.Account)
}
