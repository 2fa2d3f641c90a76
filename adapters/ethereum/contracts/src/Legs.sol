// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Authorization} from "./Authorization.sol";
import {Escrow} from "./Escrow.sol";
import {Order} from "./IGate.sol";
import {Leg, Terms} from "./Terms.sol";
import {TermsLib} from "./TermsLib.sol";

/// @notice What a leg does here when its transfer is prepared, committed or aborted: the table in docs/protocol.md.
abstract contract Legs is Escrow, Authorization {
    using TermsLib for Terms;

    uint256 private constant MAX_PAYLOAD = 8192;

    /// @dev Where this gate stands in a leg.
    struct Role {
        bool source;
        bool home;
        bool destination;
    }

    /// @dev Check and lock what the legs need here; `own` is this gate's position among the participants.
    function _prepareLegs(Order calldata order, Terms calldata terms, uint256 own, address caller) internal {
        if (order.authorizations.length != terms.legs.length) revert InvalidTerms("authorizations: one per leg");
        _requirePayloads(order, terms);
        for (uint256 i = 0; i < terms.legs.length; ++i) {
            Leg calldata leg = terms.legs[i];
            Role memory role = _role(terms, leg, own);
            if (role.destination) _account(leg.recipient);
            if (role.source) {
                _requirePayload(order, leg, i);
                address sender = _account(leg.sender);
                if (!_isAuthorized(order.id, terms, leg, sender, caller, order.authorizations[i])) {
                    revert Unauthorized(i, sender);
                }
                if (_take(leg.asset, role.home, sender, leg.amount) != leg.payloadHash) revert PayloadMismatch(i);
                _setLock(leg.asset, order.id);
            }
        }
    }

    /// @dev Make prepared legs happen.
    function _commitLegs(Order calldata order, Terms calldata terms, uint256 own) internal {
        _requirePayloads(order, terms);
        for (uint256 i = 0; i < terms.legs.length; ++i) {
            Leg calldata leg = terms.legs[i];
            Role memory role = _role(terms, leg, own);
            if (role.source) _setLock(leg.asset, 0);
            if (role.source && !role.home) vouchers.burn(leg.asset, leg.amount);
            // A home decides what comes from elsewhere, so this happens with the source's claim at hand and nothing is
            // reserved before.
            if (role.home && !role.source) {
                _bringHome(leg.asset, terms.participants[leg.source].network, leg.amount);
                // Elsewhere it is minted with this hash, and the source may lie about it.
                if (!role.destination && _homePayloadHash(leg.asset) != leg.payloadHash) revert PayloadMismatch(i);
            }
            if (role.home && !role.destination) {
                _sendAbroad(leg.asset, terms.participants[leg.destination].network, leg.amount);
            }
            if (!role.destination) continue;
            uint256 amount = leg.amount;
            if (!role.home) {
                _requirePayload(order, leg, i);
                amount = vouchers.mint(leg.asset, amount, leg.payloadHash, order.payloads[i]);
            }
            _give(order.id, leg.asset, role.home, _account(leg.recipient), amount);
        }
    }

    /// @dev Undo what preparing did.
    function _abortLegs(Order calldata order, Terms calldata terms, uint256 own) internal {
        for (uint256 i = 0; i < terms.legs.length; ++i) {
            Leg calldata leg = terms.legs[i];
            Role memory role = _role(terms, leg, own);
            if (!role.source) continue;
            _setLock(leg.asset, 0);
            _give(order.id, leg.asset, role.home, _account(leg.sender), leg.amount);
        }
    }

    function _role(Terms calldata terms, Leg calldata leg, uint256 own) private pure returns (Role memory) {
        return Role(leg.source == own, terms.homeOf(leg) == own, leg.destination == own);
    }

    /// @dev Every payload that is given must be the leg's: they are published.
    function _requirePayloads(Order calldata order, Terms calldata terms) private pure {
        if (order.payloads.length != terms.legs.length) revert InvalidTerms("payloads: one per leg");
        for (uint256 i = 0; i < order.payloads.length; ++i) {
            bytes calldata payload = order.payloads[i];
            bool fits = payload.length <= MAX_PAYLOAD && sha256(payload) == terms.legs[i].payloadHash;
            if (payload.length != 0 && !fits) revert PayloadMismatch(i);
        }
    }

    /// @dev Where a leg carries a payload, this gate needs it.
    function _requirePayload(Order calldata order, Leg calldata leg, uint256 i) private pure {
        if (leg.payloadHash != 0 && order.payloads[i].length == 0) revert PayloadMismatch(i);
    }
}
