// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Tokens that a validator redeems once, in the spirit of ERC-6672. The validator's own event id is the
/// idempotency key: the same one again succeeds and changes nothing, another one is refused.
abstract contract Redeemable {
    /// @notice The validation of the unique asset named `asset` (CAIP-19); `localEventId` has 1 to 64 bytes.
    struct Redemption {
        string asset;
        string localEventId;
    }

    uint256 private constant MAX_EVENT_ID = 64;

    mapping(uint256 tokenId => string) private _redeemedBy;

    event Redeemed(uint256 indexed tokenId, string asset, string localEventId, address indexed validator);
    /// @dev `reason` is the ABI encoding of an error of the contract. `tokenId` is zero where `asset` names no token.
    event RedemptionRefused(uint256 indexed tokenId, string asset, string localEventId, bytes reason);

    error AlreadyRedeemed(string localEventId);
    error InvalidEventId();
    error NotRedeemable(string asset);

    /// @notice The event that redeemed `tokenId`; empty while it is unused.
    function redeemedBy(uint256 tokenId) public view returns (string memory localEventId) {
        return _redeemedBy[tokenId];
    }

    function _isRedeemed(uint256 tokenId) internal view returns (bool) {
        return bytes(_redeemedBy[tokenId]).length != 0;
    }

    /// @dev Redeem each, in isolation: one that is refused changes nothing and leaves the others alone.
    function _redeem(Redemption[] calldata redemptions) internal {
        for (uint256 i = 0; i < redemptions.length; ++i) {
            string calldata asset = redemptions[i].asset;
            string calldata localEventId = redemptions[i].localEventId;
            (bool named, uint256 tokenId) = _tokenNamed(asset);
            bytes memory refusal =
                named
                    ? _redeemOne(tokenId, asset, localEventId)
                    : abi.encodeWithSelector(NotRedeemable.selector, asset);
            if (refusal.length != 0) emit RedemptionRefused(tokenId, asset, localEventId, refusal);
        }
    }

    /// @dev The token that `asset` names, where it names one of this contract's kind.
    function _tokenNamed(string calldata asset) internal view virtual returns (bool named, uint256 tokenId);

    /// @dev Why an unused token can't be redeemed now, as an encoded error; empty where it can.
    function _obstacle(uint256 tokenId, string calldata asset) internal view virtual returns (bytes memory);

    function _redeemOne(
        uint256 tokenId,
        string calldata asset,
        string calldata localEventId
    ) private returns (bytes memory refusal) {
        uint256 length = bytes(localEventId).length;
        if (length == 0 || length > MAX_EVENT_ID) return abi.encodeWithSelector(InvalidEventId.selector);
        if (_isRedeemed(tokenId)) {
            string memory before = _redeemedBy[tokenId];
            return
                Strings.equal(before, localEventId)
                    ? bytes("")
                    : abi.encodeWithSelector(AlreadyRedeemed.selector, before);
        }
        refusal = _obstacle(tokenId, asset);
        if (refusal.length == 0) {
            _redeemedBy[tokenId] = localEventId;
            emit Redeemed(tokenId, asset, localEventId, msg.sender);
        }
    }
}
