// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1155} from "@openzeppelin/contracts/token/ERC1155/IERC1155.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC721} from "@openzeppelin/contracts/token/ERC721/IERC721.sol";
import {ERC165Checker} from "@openzeppelin/contracts/utils/introspection/ERC165Checker.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {BoundedCall} from "./BoundedCall.sol";
import {IPayload} from "./IPayload.sol";
import {Names} from "./Names.sol";

enum Standard {
    ERC20,
    ERC721,
    ERC1155
}

/// @notice What a leg's asset is on this chain: a contract and, but for ERC-20, the id in it.
struct Token {
    Standard standard;
    address target;
    uint256 id;
}

/// @notice Moves tokens of the three standards in and out of the calling contract. Tokens are taken to be hostile:
/// every call is bounded, and what counts is what arrived.
library Tokens {
    /// @notice The token of this chain that the CAIP-19 name `asset` names, and whether the name is spelled as it must be.
    /// @dev The network in front is the caller's to check.
    function named(string calldata asset) internal pure returns (bool valid, Token memory token) {
        (bool split, string calldata namespace, string calldata ref, string calldata tokenId) = Names.readAsset(asset);
        (bool spelled, address target) = Names.readAddress(ref);
        token.target = target;
        if (!split || !spelled) return (false, token);
        if (Strings.equal(namespace, "erc20")) return (bytes(tokenId).length == 0, token);
        if (Strings.equal(namespace, "erc721")) token.standard = Standard.ERC721;
        else if (Strings.equal(namespace, "erc1155")) token.standard = Standard.ERC1155;
        else return (false, token);
        (valid, token.id) = Names.readDecimal(tokenId);
    }

    /// @notice Take exactly `amount` from `sender`; false unless that much arrived (a fee on transfer is a failure).
    function pull(Token memory token, address sender, uint256 amount) internal returns (bool) {
        (bool known, uint256 before) = _balance(token);
        if (!known || !_move(token, sender, address(this), amount)) return false;
        (bool stillKnown, uint256 afterwards) = _balance(token);
        return stillKnown && afterwards >= before && afterwards - before == amount;
    }

    /// @notice Give `amount` to `recipient`; false, and nothing changed, where the token or the recipient's hook refuses.
    function push(Token memory token, address recipient, uint256 amount) internal returns (bool) {
        return _move(token, address(this), recipient, amount);
    }

    /// @notice What the token says its payload hashes to: zero where it carries none. False where it fails to say.
    function payloadHash(Token memory token) internal view returns (bool known, bytes32 hash) {
        if (token.standard == Standard.ERC20) return (true, 0);
        if (!ERC165Checker.supportsInterface(token.target, type(IPayload).interfaceId)) return (true, 0);
        uint256 size;
        (known, size, hash) = BoundedCall.read(token.target, abi.encodeCall(IPayload.payloadHash, (token.id)));
        known = known && size >= 32;
    }

    function _move(Token memory token, address from, address to, uint256 amount) private returns (bool) {
        bytes memory data;
        if (token.standard == Standard.ERC1155) {
            data = abi.encodeCall(IERC1155.safeTransferFrom, (from, to, token.id, amount, ""));
        } else if (token.standard == Standard.ERC20 && from == address(this)) {
            data = abi.encodeCall(IERC20.transfer, (to, amount));
        } else {
            // ERC-20 and ERC-721 share this signature, and with it ERC-721 calls no hook.
            uint256 what = token.standard == Standard.ERC20 ? amount : token.id;
            data = abi.encodeCall(IERC20.transferFrom, (from, to, what));
        }
        (bool success, uint256 size, bytes32 word) = BoundedCall.call(token.target, data);
        // As SafeERC20 has it: a token may return nothing, but not false; and without code nothing happened.
        bool refused = token.standard == Standard.ERC20 && size != 0 && (size < 32 || word != bytes32(uint256(1)));
        return success && !refused && token.target.code.length != 0;
    }

    /// @dev How much of the token this contract has.
    function _balance(Token memory token) private view returns (bool known, uint256 amount) {
        bytes memory question;
        if (token.standard == Standard.ERC20) question = abi.encodeCall(IERC20.balanceOf, (address(this)));
        else if (token.standard == Standard.ERC721) question = abi.encodeCall(IERC721.ownerOf, (token.id));
        else question = abi.encodeCall(IERC1155.balanceOf, (address(this), token.id));
        (bool success, uint256 size, bytes32 word) = BoundedCall.read(token.target, question);
        amount = uint256(word);
        if (token.standard == Standard.ERC721) amount = amount == uint160(address(this)) ? 1 : 0;
        return (success && size >= 32, amount);
    }
}
