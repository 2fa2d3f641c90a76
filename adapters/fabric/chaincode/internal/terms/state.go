package terms

// State is what a gate holds for a transfer. Committed and Aborted are final.
type State uint8

// The states of docs/protocol.md.
const (
	None State = iota
	Prepared
	Committed
	Aborted
)

func (s State) String() string {
	return [...]string{"NONE", "PREPARED", "COMMITTED", "ABORTED"}[s]
}
