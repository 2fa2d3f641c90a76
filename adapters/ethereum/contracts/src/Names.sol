// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

/// @notice Reads names (CAIP-10 accounts, CAIP-19 assets) in the one spelling that docs/protocol.md allows.
/// @dev One spelling, because names are hashed: `0xAB…` and `0xab…` would be two assets.
library Names {
    /// @dev The most digits that any number of 256 bits has; one less always fit.
    uint256 private constant DIGITS = 78;

    /// @notice The address that `text` spells, and whether it does so in lower case with `0x`.
    function readAddress(string calldata text) internal pure returns (bool valid, address account) {
        bytes calldata digits = bytes(text);
        if (digits.length != 42 || digits[0] != "0" || digits[1] != "x") return (false, address(0));
        uint256 value = 0;
        for (uint256 i = 2; i < 42; ++i) {
            uint256 digit = uint8(digits[i]);
            if (digit >= 0x30 && digit <= 0x39) digit -= 0x30;
            else if (digit >= 0x61 && digit <= 0x66) digit -= 0x57;
            else return (false, address(0));
            value = (value << 4) | digit;
        }
        return (true, address(uint160(value)));
    }

    /// @notice Whether the CAIP-19 name `asset` begins with `network` (CAIP-2).
    function isAt(string calldata asset, string memory network) internal pure returns (bool) {
        bytes calldata text = bytes(asset);
        uint256 length = bytes(network).length;
        return text.length > length && text[length] == "/" && keccak256(text[:length]) == keccak256(bytes(network));
    }

    /// @notice What follows the network and its slash in `asset`, split into namespace, reference and token id.
    /// @dev `valid` only says that the parts are there; `token` is empty where the name has no third part.
    function readAsset(
        string calldata asset
    ) internal pure returns (bool valid, string calldata namespace, string calldata ref, string calldata token) {
        bytes calldata text = bytes(asset);
        text = text[_find(text, "/", 0):];
        if (text.length != 0) text = text[1:];
        uint256 colon = _find(text, ":", 0);
        uint256 slash = _find(text, "/", colon);
        namespace = string(text[:colon]);
        ref = string(colon < text.length ? text[colon + 1:slash] : text[colon:]);
        bool three = slash < text.length;
        token = string(three ? text[slash + 1:] : text[slash:]);
        valid = colon != 0 && bytes(ref).length != 0 && three == (bytes(token).length != 0);
    }

    /// @notice Whether `asset` names one unit only: its name has a token id, and not one of an ERC-1155 contract,
    /// where an id may stand for many.
    function isUnique(string calldata asset) internal pure returns (bool) {
        (bool valid, string calldata namespace, , string calldata token) = readAsset(asset);
        return valid && bytes(token).length != 0 && !Strings.equal(namespace, "erc1155");
    }

    /// @notice The number that `text` spells in decimal, and whether it does so without leading zeros in 256 bits.
    /// @dev OpenZeppelin's parser takes leading zeros and panics on an overflow, which would stop a whole batch.
    function readDecimal(string calldata text) internal pure returns (bool valid, uint256 value) {
        bytes calldata digits = bytes(text);
        if (digits.length == 0 || digits.length > DIGITS || (digits[0] == "0" && digits.length != 1)) return (false, 0);
        for (uint256 i = 0; i < digits.length; ++i) {
            uint256 digit = uint256(uint8(digits[i])) ^ 0x30;
            if (digit > 9) return (false, 0);
            if (i == DIGITS - 1 && value > (type(uint256).max - digit) / 10) return (false, 0);
            unchecked {
                value = value * 10 + digit;
            }
        }
        return (true, value);
    }

    /// @dev The first position of `wanted` from `start` on; the length of `text` if there is none.
    function _find(bytes calldata text, bytes1 wanted, uint256 start) private pure returns (uint256 position) {
        // Solidity's bounds check at every byte would double the cost of a transfer's names.
        assembly ("memory-safe") {
            position := start
            for {} lt(position, text.length) {
                position := add(position, 1)
            } {
                if eq(byte(0, calldataload(add(text.offset, position))), byte(0, wanted)) {
                    break
                }
            }
        }
    }
}
