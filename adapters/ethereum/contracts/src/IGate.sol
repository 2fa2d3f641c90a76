// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVerifier} from "./IVerifier.sol";

/// @notice A transfer with what a gate needs beside its terms: one payload and one authorisation per leg, empty where
/// docs/protocol.md asks for none.
struct Order {
    bytes32 id;
    bytes terms;
    bytes[] payloads;
    bytes[] authorizations;
}

/// @notice A proof for the verifier of `network`'s gate.
struct Evidence {
    string network;
    bytes proof;
}

/// @notice Where a claim is: the position of its evidence in the call, and its position in what that evidence shows.
struct ClaimRef {
    uint16 evidence;
    uint16 claim;
}

/// @notice What the deciding gate is asked to decide. `claims` are, for COMMITTED, one per other participant in the
/// participants' order; for ABORTED none.
struct Decision {
    Order order;
    uint8 outcome;
    ClaimRef[] claims;
}

/// @notice What another gate is asked to follow: the decider's claim of `outcome`. Authorisations are not looked at.
struct Settlement {
    Order order;
    uint8 outcome;
    ClaimRef claim;
}

/// @notice The gate of one EVM network. See docs/protocol.md, which is normative.
/// @dev Every verb takes a batch and isolates its items: one that is refused changes nothing and is told by
/// {Refused}; one that is in the wanted state already succeeds silently. The answer is each item's state afterwards.
/// A call that has too little gas to be fair to an item reverts as a whole with {NotEnoughGas}, so that gas estimation works.
interface IGate {
    enum Verb {
        PREPARE,
        DECIDE,
        SETTLE
    }

    event Prepared(bytes32 indexed id, bytes terms, bytes[] payloads);
    event Committed(bytes32 indexed id);
    event Aborted(bytes32 indexed id);
    /// @dev `reason` is the ABI encoding of one of the errors below, or of a panic, or empty where bytes couldn't be decoded.
    event Refused(bytes32 indexed id, Verb verb, bytes reason);

    /// @dev What `network` may give back of `asset`, after a change.
    event Outstanding(string asset, string network, uint256 amount);
    /// @dev `account` refused the delivery of `amount` of `asset`; it can {claim} it.
    event Held(bytes32 indexed id, address indexed account, string asset, uint256 amount);
    event Claimed(address indexed account, string asset, uint256 amount, address to);
    event OperatorSet(address indexed account, address indexed operator, bool approved);
    /// @dev The gate and verifier registered before stay valid until `previousUntil`, in seconds since the epoch.
    event PeerSet(string network, string gate, IVerifier verifier, uint64 previousUntil);

    error OnlySelf();
    error NotEnoughGas();

    error TermsMismatch(bytes32 actual);
    error InvalidTerms(string fault);
    error InvalidAccount(string account);
    error InvalidAsset(string asset);
    error NotParticipant(string network, string gate);
    error UnknownPeer(string network, string gate);
    error InvalidPeer(string network);

    error WrongState(uint8 state);
    error InvalidOutcome(uint8 outcome);
    error NotDecider(string decider);
    error IsDecider();
    error NotInitiator(address sender);
    error DeadlinePassed(uint64 deadline);

    error NoSuchClaim(uint16 evidence, uint16 claim);
    error ProofRefused(uint16 evidence, bytes reason);
    error ClaimMismatch(string network);

    error Unauthorized(uint256 leg, address sender);
    error PayloadMismatch(uint256 leg);
    error AssetRefused(string asset);
    error ExceedsOutstanding(string asset, string network, uint256 outstanding);
    error NothingHeld(address account, string asset);

    /// @notice Lock what the orders' legs need here: NONE → PREPARED.
    function prepare(Order[] calldata orders) external returns (uint8[] memory states);

    /// @notice Commit or abort, where this gate is the decider.
    function decide(
        Decision[] calldata decisions,
        Evidence[] calldata evidence
    ) external returns (uint8[] memory states);

    /// @notice Follow the decider, where this gate is not the decider.
    function settle(
        Settlement[] calldata settlements,
        Evidence[] calldata evidence
    ) external returns (uint8[] memory states);

    /// @notice Let `operator` send the caller's assets in any transfer, or no longer.
    function setOperator(address operator, bool approved) external;

    /// @notice Fetch what is held in the caller's name, all of it, to `to`.
    function claim(string calldata asset, address to) external;

    /// @notice Trust `gate` on `network` as far as `verifier` shows its claims; the zero address ends it. What was
    /// registered before stays valid for {overlap}, so that a transfer under way still finds its verifier.
    function setPeer(string calldata network, string calldata gate, IVerifier verifier) external;

    /// @notice This network, CAIP-2.
    function network() external view returns (string memory);

    /// @notice The state of each transfer.
    function states(bytes32[] calldata ids) external view returns (uint8[] memory);

    /// @notice How much of `asset`, at home here, `network` may give back.
    function outstanding(string calldata asset, string calldata network) external view returns (uint256);

    /// @notice How much of `asset`, at home here, is in escrow: always the sum of what is outstanding.
    function escrowed(string calldata asset) external view returns (uint256);

    /// @notice The transfer that has prepared a leg of a unique `asset` here and is undecided; zero where there is none.
    function lockedBy(string calldata asset) external view returns (bytes32);

    /// @notice What `account` can {claim} of `asset`.
    function held(address account, string calldata asset) external view returns (uint256);

    /// @notice Whether `operator` may send the assets of `account`.
    function isOperator(address account, address operator) external view returns (bool);

    /// @notice What is registered for `network` now and what was before; the latter counts until `previousUntil`.
    function peer(
        string calldata network
    )
        external
        view
        returns (
            string memory gate,
            IVerifier verifier,
            string memory previousGate,
            IVerifier previousVerifier,
            uint64 previousUntil
        );

    /// @notice For how long, in seconds, a replaced peer stays valid.
    function overlap() external view returns (uint64);
}
