// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {SlotDerivation} from "@openzeppelin/contracts/utils/SlotDerivation.sol";
import {StorageSlot} from "@openzeppelin/contracts/utils/StorageSlot.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {Escrow} from "./Escrow.sol";
import {ClaimRef, Decision, Evidence, IGate, Order, Settlement} from "./IGate.sol";
import {Legs} from "./Legs.sol";
import {Names} from "./Names.sol";
import {Peers} from "./Peers.sol";
import {Participant, State, Terms} from "./Terms.sol";
import {TermsLib} from "./TermsLib.sol";

/// @title Gate
/// @notice The states of transfers and the three verbs that change them. See {IGate} and docs/protocol.md.
/// @dev A verb runs each of its items in a call to itself, which alone reverts where the item is refused.
contract Gate is Legs, Peers {
    using SlotDerivation for bytes32;
    using StorageSlot for bytes32;
    using TermsLib for Terms;

    /// @dev The ERC-7201 slot of the namespace `citygate.gate.states`. Other ledgers are shown what lies there, so the
    /// place is part of the protocol.
    bytes32 private constant STATES = 0xae575bb467d7216f0673ee8c2f59188ebae57d649e7690d1f5e9b3f7e8d59100;

    /// @dev The claim that an item refers to: of the gate with this key, or zero and the error to refuse the item with.
    struct Proven {
        bytes32 peer;
        bytes32 id;
        uint8 state;
        bytes refusal;
    }

    modifier onlySelf() {
        if (msg.sender != address(this)) revert OnlySelf();
        _;
    }

    /// @param authority The access manager that says who may call {setPeer}.
    /// @param overlap_ For how long a replaced peer stays valid, in seconds.
    constructor(address authority, uint64 overlap_) Escrow(authority) Peers(authority, overlap_) {}

    // ---- the verbs -------------------------------------------------------------------------------------------------

    /// @inheritdoc IGate
    function prepare(Order[] calldata orders) external nonReentrant returns (uint8[] memory result) {
        result = new uint8[](orders.length);
        for (uint256 i = 0; i < orders.length; ++i) {
            bytes32 id = orders[i].id;
            if (_state(id) != State.PREPARED) {
                uint256 before = gasleft();
                try this.prepareOne(orders[i], msg.sender) {} catch (bytes memory reason) {
                    _refuse(id, Verb.PREPARE, reason, before);
                }
            }
            result[i] = _state(id);
        }
    }

    /// @inheritdoc IGate
    function decide(
        Decision[] calldata decisions,
        Evidence[] calldata evidence
    ) external nonReentrant returns (uint8[] memory result) {
        Shown[] memory shown = _verify(evidence);
        result = new uint8[](decisions.length);
        for (uint256 i = 0; i < decisions.length; ++i) {
            bytes32 id = decisions[i].order.id;
            if (_state(id) != decisions[i].outcome || decisions[i].outcome < State.COMMITTED) {
                Proven[] memory proven = new Proven[](decisions[i].claims.length);
                for (uint256 j = 0; j < proven.length; ++j) proven[j] = _find(decisions[i].claims[j], shown);
                uint256 before = gasleft();
                try this.decideOne(decisions[i].order, decisions[i].outcome, proven, msg.sender) {} catch (
                    bytes memory reason
                ) {
                    _refuse(id, Verb.DECIDE, reason, before);
                }
            }
            result[i] = _state(id);
        }
    }

    /// @inheritdoc IGate
    function settle(
        Settlement[] calldata settlements,
        Evidence[] calldata evidence
    ) external nonReentrant returns (uint8[] memory result) {
        Shown[] memory shown = _verify(evidence);
        result = new uint8[](settlements.length);
        for (uint256 i = 0; i < settlements.length; ++i) {
            bytes32 id = settlements[i].order.id;
            if (_state(id) != settlements[i].outcome || settlements[i].outcome < State.COMMITTED) {
                Proven memory proven = _find(settlements[i].claim, shown);
                uint256 before = gasleft();
                try this.settleOne(settlements[i].order, settlements[i].outcome, proven) {} catch (
                    bytes memory reason
                ) {
                    _refuse(id, Verb.SETTLE, reason, before);
                }
            }
            result[i] = _state(id);
        }
    }

    // ---- one item of a verb ----------------------------------------------------------------------------------------

    /// @notice Part of {prepare}; only the gate itself calls it.
    function prepareOne(Order calldata order, address caller) external onlySelf {
        uint8 state = _state(order.id);
        if (state != State.NONE) revert WrongState(state);
        (Terms calldata terms, uint256 own) = _open(order, state);
        _prepare(order, terms, own, caller);
    }

    /// @notice Part of {decide}; only the gate itself calls it.
    function decideOne(
        Order calldata order,
        uint8 outcome,
        Proven[] calldata proven,
        address caller
    ) external onlySelf {
        uint8 state = _state(order.id);
        if (state > State.PREPARED) revert WrongState(state);
        (Terms calldata terms, uint256 own) = _open(order, state);
        if (own != terms.decider) revert NotDecider(terms.participants[terms.decider].network);
        if (outcome == State.COMMITTED) {
            _requireInTime(terms);
            _requirePrepared(order.id, terms, own, proven);
            if (state == State.NONE) _prepare(order, terms, own, caller);
            _commit(order, terms, own);
        } else if (outcome == State.ABORTED) {
            bool initiated = _spells(terms.initiator, caller);
            if (!initiated && block.timestamp <= terms.deadline) revert NotInitiator(caller);
            _abort(order, terms, own, state);
        } else {
            revert InvalidOutcome(outcome);
        }
    }

    /// @notice Part of {settle}; only the gate itself calls it.
    function settleOne(Order calldata order, uint8 outcome, Proven calldata proven) external onlySelf {
        uint8 state = _state(order.id);
        if (state > State.PREPARED) revert WrongState(state);
        (Terms calldata terms, uint256 own) = _open(order, state);
        if (own == terms.decider) revert IsDecider();
        _requireClaim(proven, terms.participants[terms.decider], order.id, outcome);
        if (outcome == State.COMMITTED) {
            if (state != State.PREPARED) revert WrongState(state);
            _commit(order, terms, own);
        } else if (outcome == State.ABORTED) {
            _abort(order, terms, own, state);
        } else {
            revert InvalidOutcome(outcome);
        }
    }

    // ---- reading ---------------------------------------------------------------------------------------------------

    /// @inheritdoc IGate
    function states(bytes32[] calldata ids) external view returns (uint8[] memory result) {
        result = new uint8[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) result[i] = _state(ids[i]);
    }

    /// @inheritdoc IGate
    function network() external view returns (string memory) {
        return CAIP2.local();
    }

    // ---- transitions -----------------------------------------------------------------------------------------------

    function _prepare(Order calldata order, Terms calldata terms, uint256 own, address caller) private {
        terms.checkContent();
        for (uint256 i = 0; i < terms.participants.length; ++i) if (i != own) _requirePeer(terms.participants[i]);
        _requireInTime(terms);
        _setState(order.id, State.PREPARED);
        emit Prepared(order.id, order.terms, order.payloads);
        _prepareLegs(order, terms, own, caller);
    }

    function _commit(Order calldata order, Terms calldata terms, uint256 own) private {
        _setState(order.id, State.COMMITTED);
        emit Committed(order.id);
        _commitLegs(order, terms, own);
    }

    /// @dev From NONE it leaves a tombstone, so that a late prepare can't lock anything. Nothing but the form of the terms
    /// is held against them then, because elsewhere they may be prepared and waiting for this.
    function _abort(Order calldata order, Terms calldata terms, uint256 own, uint8 state) private {
        _setState(order.id, State.ABORTED);
        emit Aborted(order.id);
        if (state == State.PREPARED) _abortLegs(order, terms, own);
    }

    // ---- conditions ------------------------------------------------------------------------------------------------

    /// @dev The terms of `order` and this gate's position among their participants.
    function _open(Order calldata order, uint8 state) private view returns (Terms calldata terms, uint256 own) {
        terms = TermsLib.read(order.terms, order.id);
        // What is prepared was checked then, and the id binds the same bytes.
        if (state == State.NONE) terms.checkForm(order.terms);
        own = terms.indexOf(CAIP2.local());
        if (own == terms.participants.length || !_spells(terms.participants[own].gate, address(this))) {
            revert NotParticipant(CAIP2.local(), Strings.toHexString(address(this)));
        }
    }

    function _spells(string calldata name, address account) private pure returns (bool) {
        (bool valid, address named) = Names.readAddress(name);
        return valid && named == account;
    }

    function _requireInTime(Terms calldata terms) private view {
        if (block.timestamp > terms.deadline) revert DeadlinePassed(terms.deadline);
    }

    /// @dev Revert unless every participant but this one claims to be PREPARED.
    function _requirePrepared(bytes32 id, Terms calldata terms, uint256 own, Proven[] calldata proven) private pure {
        uint256 next = 0;
        for (uint256 i = 0; i < terms.participants.length; ++i) {
            if (i == own) continue;
            if (next == proven.length) revert ClaimMismatch(terms.participants[i].network);
            _requireClaim(proven[next++], terms.participants[i], id, State.PREPARED);
        }
    }

    /// @dev Revert unless `proven` is the claim of `participant` that the transfer `id` is in `state`.
    function _requireClaim(
        Proven calldata proven,
        Participant calldata participant,
        bytes32 id,
        uint8 state
    ) private pure {
        if (proven.peer == 0) LowLevelCall.bubbleRevert(proven.refusal);
        if (proven.peer != TermsLib.key(participant) || proven.id != id || proven.state != state) {
            revert ClaimMismatch(participant.network);
        }
    }

    /// @dev What `ref` refers to. A reference to nothing is the item's fault, so it is told as its refusal.
    function _find(ClaimRef calldata ref, Shown[] memory shown) private pure returns (Proven memory proven) {
        bytes memory missing = abi.encodeWithSelector(NoSuchClaim.selector, ref.evidence, ref.claim);
        if (ref.evidence >= shown.length) return Proven(0, 0, 0, missing);
        Shown memory by = shown[ref.evidence];
        if (by.peer == 0) {
            return Proven(0, 0, 0, abi.encodeWithSelector(ProofRefused.selector, ref.evidence, by.refusal));
        }
        if (ref.claim >= by.claims.length) return Proven(0, 0, 0, missing);
        return Proven(by.peer, by.claims[ref.claim].id, by.claims[ref.claim].state, "");
    }

    // ---- states ----------------------------------------------------------------------------------------------------

    function _state(bytes32 id) private view returns (uint8) {
        return uint8(STATES.deriveMapping(id).getUint256Slot().value);
    }

    function _setState(bytes32 id, uint8 state) private {
        STATES.deriveMapping(id).getUint256Slot().value = state;
    }

    function _refuse(bytes32 id, Verb verb, bytes memory reason, uint256 before) private {
        _rethrowNotEnoughGas(reason, before);
        emit Refused(id, verb, reason);
    }
}
