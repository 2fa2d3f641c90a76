package state_test

import (
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"

	"citygate/chaincode/internal/ledgertest"
	"citygate/chaincode/internal/state"
)

func TestKeysAreFabricsCompositeKeys(t *testing.T) {
	want, err := shim.CreateCompositeKey("fungible", []string{"asset", "owner", "row"})
	if got := state.Key(state.Fungible, "asset", "owner", "row"); err != nil || got != want {
		t.Fatalf("%q is not %q: %v", got, want, err)
	}
}

func TestAForkSeesAndIsolates(t *testing.T) {
	ledger := ledgertest.NewLedger("channel", "citygate")
	client := ledgertest.NewIdentity(t, "Org1MSP", "client")
	before := ledger.Begin(t, client, time.Now(), "citygate")
	before.Writes = map[string][]byte{"a": []byte("old"), "b": []byte("old")}
	before.Commit()

	stub := ledger.Begin(t, client, time.Now(), "citygate")
	buffer := state.Open(stub)
	expect := func(b *state.Buffer, key, want string) {
		t.Helper()
		if got, err := b.Get(key); err != nil || string(got) != want {
			t.Fatalf("%s: %q, want %q: %v", key, got, want, err)
		}
	}
	lost, kept := buffer.Fork(), buffer.Fork()
	lost.Put("a", []byte("lost"))
	kept.Put("a", []byte("kept"))
	kept.Delete("b")
	expect(lost, "a", "lost")
	expect(lost, "b", "old")
	expect(kept, "b", "")
	expect(buffer, "a", "old")
	kept.Merge()
	expect(buffer.Fork(), "a", "kept")
	expect(buffer, "b", "")
	if err := buffer.Flush(); err != nil || len(stub.Writes) != 2 || string(stub.Writes["a"]) != "kept" || stub.Writes["b"] != nil {
		t.Fatal(stub.Writes, err)
	}
}
