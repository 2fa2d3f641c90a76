// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The states of a transfer at one gate. COMMITTED and ABORTED are final.
library State {
    uint8 internal constant NONE = 0;
    uint8 internal constant PREPARED = 1;
    uint8 internal constant COMMITTED = 2;
    uint8 internal constant ABORTED = 3;
}

/// @notice A network (CAIP-2) and its gate there (the account part of a CAIP-10 name).
struct Participant {
    string network;
    string gate;
}

/// @notice An amount of one asset, from a sender on one participant to a recipient on another or the same.
struct Leg {
    string asset;
    uint256 amount;
    uint8 source;
    string sender;
    uint8 destination;
    string recipient;
    bytes32 payloadHash;
}

/// @notice The immutable content of a transfer; its id is the SHA-256 of `abi.encode(terms)`.
struct Terms {
    uint8 version;
    Participant[] participants;
    uint8 decider;
    string initiator;
    uint64 deadline;
    bytes32 salt;
    Leg[] legs;
}
