// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";

import {IPayload} from "./IPayload.sol";
import {Names} from "./Names.sol";
import {Redeemable} from "./Redeemable.sol";
import {Standard, Token, Tokens} from "./Tokens.sol";

/// @notice A sample of a city's own tickets: an ERC-721 whose tokens carry a payload (an OSDM fulfilment) and are redeemed
/// once. A token's id is the SHA-256 of its OSDM `id`.
contract Ticket is ERC721, AccessManaged, Redeemable, IPayload {
    /// @notice A new ticket. `validFrom` and `validUntil` are seconds since the epoch, half-open.
    struct Issue {
        uint256 tokenId;
        address to;
        bytes payload;
        uint64 validFrom;
        uint64 validUntil;
    }

    struct Validity {
        uint64 from;
        uint64 until;
    }

    uint256 private constant MAX_PAYLOAD = 8192;

    /// @notice The gate that may take tickets whose owners authorised it there.
    address public immutable gate;

    mapping(uint256 tokenId => bytes32) private _payloadHashes;
    mapping(uint256 tokenId => Validity) private _validities;

    event Issued(uint256 indexed tokenId, address indexed to, bytes payload, uint64 validFrom, uint64 validUntil);
    /// @dev `reason` is the ABI encoding of an error of this contract.
    event IssueRefused(uint256 indexed tokenId, bytes reason);

    error DifferentPayload(bytes32 issued);
    error InvalidPayload(uint256 length);
    error InvalidRecipient(address to);
    error InvalidValidity(uint64 validFrom, uint64 validUntil);
    error NotValidNow(uint64 validFrom, uint64 validUntil);
    error RedeemedTicket(uint256 tokenId);

    constructor(
        string memory name,
        string memory symbol,
        address authority,
        address gate_
    ) ERC721(name, symbol) AccessManaged(authority) {
        gate = gate_;
    }

    /// @notice Create tickets. Takes the issuer's role. One that exists with the same payload succeeds and changes nothing;
    /// one that is refused leaves the others alone.
    function issue(Issue[] calldata issues) external restricted {
        for (uint256 i = 0; i < issues.length; ++i) {
            bytes memory refusal = _issueOne(issues[i]);
            if (refusal.length != 0) emit IssueRefused(issues[i].tokenId, refusal);
        }
    }

    /// @notice Validate tickets. Takes the validator's role.
    function redeem(Redemption[] calldata redemptions) external restricted {
        _redeem(redemptions);
    }

    /// @inheritdoc IPayload
    function payloadHash(uint256 tokenId) external view returns (bytes32) {
        return _payloadHashes[tokenId];
    }

    /// @notice When `tokenId` is valid, in seconds since the epoch, half-open.
    function validity(uint256 tokenId) external view returns (uint64 validFrom, uint64 validUntil) {
        return (_validities[tokenId].from, _validities[tokenId].until);
    }

    /// @dev The gate checks each owner's authorisation itself, so that owners need no transaction of their own.
    function isApprovedForAll(address owner, address operator) public view override returns (bool) {
        return operator == gate || super.isApprovedForAll(owner, operator);
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IPayload).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev A redeemed ticket doesn't leave.
    function _update(address to, uint256 tokenId, address auth) internal override returns (address) {
        if (to == gate && _isRedeemed(tokenId)) revert RedeemedTicket(tokenId);
        return super._update(to, tokenId, auth);
    }

    function _tokenNamed(string calldata asset) internal view override returns (bool named, uint256 tokenId) {
        if (!Names.isAt(asset, CAIP2.local())) return (false, 0);
        Token memory token;
        (named, token) = Tokens.named(asset);
        named = named && token.target == address(this) && token.standard == Standard.ERC721;
        tokenId = token.id;
    }

    /// @dev What the gate keeps is locked by a transfer, abroad, or held for somebody who has yet to claim it.
    function _obstacle(uint256 tokenId, string calldata asset) internal view override returns (bytes memory) {
        address owner = _ownerOf(tokenId);
        if (owner == address(0) || owner == gate) return abi.encodeWithSelector(NotRedeemable.selector, asset);
        Validity memory when = _validities[tokenId];
        bool valid = when.from <= block.timestamp && block.timestamp < when.until;
        return valid ? bytes("") : abi.encodeWithSelector(NotValidNow.selector, when.from, when.until);
    }

    function _issueOne(Issue calldata new_) private returns (bytes memory refusal) {
        uint256 length = new_.payload.length;
        if (length == 0 || length > MAX_PAYLOAD) return abi.encodeWithSelector(InvalidPayload.selector, length);
        bytes32 hash = sha256(new_.payload);
        bytes32 issued = _payloadHashes[new_.tokenId];
        if (issued == hash) return "";
        if (issued != 0) return abi.encodeWithSelector(DifferentPayload.selector, issued);
        if (new_.to == address(0) || new_.to == gate) return abi.encodeWithSelector(InvalidRecipient.selector, new_.to);
        if (new_.validFrom >= new_.validUntil) {
            return abi.encodeWithSelector(InvalidValidity.selector, new_.validFrom, new_.validUntil);
        }
        _payloadHashes[new_.tokenId] = hash;
        _validities[new_.tokenId] = Validity(new_.validFrom, new_.validUntil);
        _mint(new_.to, new_.tokenId);
        emit Issued(new_.tokenId, new_.to, new_.payload, new_.validFrom, new_.validUntil);
    }
}
