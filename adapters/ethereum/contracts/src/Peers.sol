// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Evidence, IGate} from "./IGate.sol";
import {ClaimShown, IVerifier} from "./IVerifier.sol";
import {Participant} from "./Terms.sol";
import {TermsLib} from "./TermsLib.sol";

/// @notice Which gates on other networks this one believes, and how it verifies what they claim.
abstract contract Peers is AccessManaged, IGate {
    struct Peer {
        string gate;
        IVerifier verifier;
    }

    struct Registration {
        Peer current;
        Peer previous;
        uint64 previousUntil;
    }

    /// @dev What one piece of evidence shows: claims of the gate with this key; zero where it was refused, and why.
    struct Shown {
        bytes32 peer;
        ClaimShown[] claims;
        bytes refusal;
    }

    /// @inheritdoc IGate
    uint64 public immutable overlap;

    mapping(string network => Registration) private _peers;

    constructor(address authority, uint64 overlap_) AccessManaged(authority) {
        overlap = overlap_;
    }

    /// @inheritdoc IGate
    function setPeer(string calldata network_, string calldata gate, IVerifier verifier) external restricted {
        bool ends = address(verifier) == address(0) && bytes(gate).length == 0;
        bool complete = address(verifier).code.length != 0 && bytes(gate).length != 0;
        if (!(ends || complete) || Strings.equal(network_, CAIP2.local())) revert InvalidPeer(network_);
        Registration storage registration = _peers[network_];
        registration.previous = registration.current;
        registration.previousUntil = uint64(block.timestamp) + overlap;
        registration.current = Peer(gate, verifier);
        emit PeerSet(network_, gate, verifier, registration.previousUntil);
    }

    /// @inheritdoc IGate
    function peer(
        string calldata network_
    )
        external
        view
        returns (
            string memory gate,
            IVerifier verifier,
            string memory previousGate,
            IVerifier previousVerifier,
            uint64 previousUntil
        )
    {
        Registration storage registration = _peers[network_];
        return (
            registration.current.gate,
            registration.current.verifier,
            registration.previous.gate,
            registration.previous.verifier,
            registration.previousUntil
        );
    }

    /// @dev Revert unless `participant` is the gate registered for its network.
    function _requirePeer(Participant calldata participant) internal view {
        if (!Strings.equal(_peers[participant.network].current.gate, participant.gate)) {
            revert UnknownPeer(participant.network, participant.gate);
        }
    }

    /// @dev Verify each piece of evidence once, for all items that refer to it. One that is refused harms only those.
    function _verify(Evidence[] calldata evidence) internal view returns (Shown[] memory shown) {
        shown = new Shown[](evidence.length);
        for (uint256 i = 0; i < evidence.length; ++i) {
            Registration storage registration = _peers[evidence[i].network];
            shown[i] = _verifyBy(registration.current, evidence[i]);
            if (shown[i].peer == 0 && block.timestamp <= registration.previousUntil) {
                Shown memory second = _verifyBy(registration.previous, evidence[i]);
                if (second.peer != 0) shown[i] = second;
            }
        }
    }

    /// @dev Rethrow where a call failed only because it got too little gas: `reason` says so, or it says nothing and
    /// the call used up the 63/64 that EIP-150 gave it of the gas `before`.
    function _rethrowNotEnoughGas(bytes memory reason, uint256 before) internal view {
        bool starved = reason.length == 0 && gasleft() < before / 32;
        if (starved || bytes4(reason) == NotEnoughGas.selector) revert NotEnoughGas();
    }

    function _verifyBy(Peer storage by, Evidence calldata evidence) private view returns (Shown memory shown) {
        if (address(by.verifier) == address(0)) {
            shown.refusal = abi.encodeWithSelector(UnknownPeer.selector, evidence.network, by.gate);
            return shown;
        }
        uint256 before = gasleft();
        try by.verifier.verify(evidence.proof) returns (ClaimShown[] memory claims) {
            shown.peer = TermsLib.key(Participant(evidence.network, by.gate));
            shown.claims = claims;
        } catch (bytes memory reason) {
            _rethrowNotEnoughGas(reason, before);
            shown.refusal = reason;
        }
    }
}
