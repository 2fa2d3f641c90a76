// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IGate} from "./IGate.sol";
import {Names} from "./Names.sol";
import {Participant, Leg, Terms} from "./Terms.sol";

/// @notice Reads encoded terms and holds them to docs/protocol.md.
/// @dev Terms stay in calldata: their parts are read where they lie, so that hostile bytes, whose offsets may all point
/// at one long string, never make memory grow.
library TermsLib {
    uint256 private constant MAX_PARTICIPANTS = 8;
    uint256 private constant MAX_LEGS = 16;
    uint256 private constant MAX_STRING = 256;
    uint256 private constant MAX_ENCODED = 16_384;

    /// @notice The terms that `id` is the hash of. Only their hash is checked, which is enough for
    /// those that were prepared.
    function read(bytes calldata encoded, bytes32 id) internal pure returns (Terms calldata terms) {
        bytes32 actual = sha256(encoded);
        if (actual != id) revert IGate.TermsMismatch(actual);
        // The encoding of one dynamic tuple: its offset, always 32, then the tuple. `checkForm` proves it.
        assembly ("memory-safe") {
            terms := add(encoded.offset, 0x20)
        }
    }

    /// @notice Revert unless `encoded` is the one encoding of `terms`, in bounds. Without it, one transfer could have two
    /// ids, and offsets could lead outside of what was hashed.
    function checkForm(Terms calldata terms, bytes calldata encoded) internal pure {
        _require(encoded.length <= MAX_ENCODED, "terms: more than 16384 bytes");
        _require(terms.participants.length <= MAX_PARTICIPANTS, "participants: 1 to 8");
        _require(terms.legs.length <= MAX_LEGS, "legs: 1 to 16");
        _checkLength(terms.initiator);
        for (uint256 i = 0; i < terms.participants.length; ++i) {
            _checkLength(terms.participants[i].network);
            _checkLength(terms.participants[i].gate);
        }
        for (uint256 i = 0; i < terms.legs.length; ++i) {
            _checkLength(terms.legs[i].asset);
            _checkLength(terms.legs[i].sender);
            _checkLength(terms.legs[i].recipient);
        }
        // Every part is bounded now, so encoding them again is cheap.
        _require(keccak256(abi.encode(terms)) == keccak256(encoded), "terms: not the canonical encoding");
    }

    /// @notice Revert unless `terms`, whose form was checked, mean something.
    function checkContent(Terms calldata terms) internal pure {
        Participant[] calldata all = terms.participants;
        _require(terms.version == 1, "version: must be 1");
        _require(all.length != 0, "participants: 1 to 8");
        _require(terms.decider < all.length, "decider: no such participant");
        for (uint256 i = 1; i < all.length; ++i) {
            bool ascends = _precedes(bytes(all[i - 1].network), bytes(all[i].network));
            _require(ascends, "participants: networks not strictly ascending");
        }
        _require(terms.legs.length != 0, "legs: 1 to 16");
        uint256 used = 0;
        for (uint256 i = 0; i < terms.legs.length; ++i) used |= _checkLeg(terms, terms.legs[i]);
        _require(used == (1 << all.length) - 1, "participants: one takes no part in any leg");
    }

    /// @notice The position of the participant whose network is `network`; the number of participants if there is none.
    function indexOf(Terms calldata terms, string memory network) internal pure returns (uint256 index) {
        while (index < terms.participants.length && !Strings.equal(terms.participants[index].network, network)) ++index;
    }

    /// @notice The position of the participant that the asset of `leg` is at home with; their number if there is none.
    function homeOf(Terms calldata terms, Leg calldata leg) internal pure returns (uint256 index) {
        while (index < terms.participants.length && !Names.isAt(leg.asset, terms.participants[index].network)) ++index;
    }

    /// @notice What a participant is known by: a network and its gate.
    function key(Participant memory participant) internal pure returns (bytes32) {
        return keccak256(abi.encode(participant.network, participant.gate));
    }

    /// @return used One bit for each participant that `leg` involves.
    function _checkLeg(Terms calldata terms, Leg calldata leg) private pure returns (uint256 used) {
        uint256 count = terms.participants.length;
        _require(leg.source < count && leg.destination < count, "legs: no such participant");
        _require(leg.amount != 0, "legs: an amount of zero");
        uint256 home = homeOf(terms, leg);
        _require(home < count, "legs: the asset's home is no participant");
        _require(home == leg.source || home == terms.decider, "decider: must be the home of what leaves elsewhere");
        return (1 << home) | (1 << leg.source) | (1 << leg.destination);
    }

    function _checkLength(string calldata text) private pure {
        _require(bytes(text).length != 0 && bytes(text).length <= MAX_STRING, "strings: 1 to 256 bytes");
    }

    /// @dev Whether `a` comes before `b`, byte by byte, 32 at a time; a slice's end is padded with zeros.
    function _precedes(bytes calldata a, bytes calldata b) private pure returns (bool) {
        for (uint256 i = 0; i < a.length && i < b.length; i += 32) {
            bytes32 left = bytes32(a[i:]);
            bytes32 right = bytes32(b[i:]);
            if (left != right) return left < right;
        }
        return a.length < b.length;
    }

    function _require(bool holds, string memory fault) private pure {
        if (!holds) revert IGate.InvalidTerms(fault);
    }
}
