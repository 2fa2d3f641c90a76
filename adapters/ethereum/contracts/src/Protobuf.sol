// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Reads single fields out of protobuf messages that may be hostile. The format: protobuf.dev, "Encoding".
/// @dev Stricter than protobuf: a field that is read may come once. Protobuf lets a later value win or merges messages, and
/// two readers that differ in this would see two claims in the same signed bytes.
library Protobuf {
    uint256 private constant VARINT = 0;
    uint256 private constant FIXED64 = 1;
    uint256 private constant LENGTH_DELIMITED = 2;
    uint256 private constant FIXED32 = 5;

    error Malformed();
    error DuplicateField(uint256 number);
    error UnexpectedField(uint256 number);

    /// @notice The content of the bytes, string or message field `number`; empty where it is absent.
    function readBytes(bytes calldata message, uint256 number) internal pure returns (bytes calldata content) {
        (uint256 start, uint256 end, ) = _find(message, number, LENGTH_DELIMITED);
        return message[start:end];
    }

    /// @notice The value of the varint field `number`; zero where it is absent.
    function readVarint(bytes calldata message, uint256 number) internal pure returns (uint256 value) {
        (, , value) = _find(message, number, VARINT);
    }

    /// @notice Revert where `message` has a field whose number is above `highest`.
    function requireFieldsUpTo(bytes calldata message, uint256 highest) internal pure {
        uint256 cursor = 0;
        while (cursor < message.length) {
            uint256 tag;
            (tag, , cursor, ) = _next(message, cursor);
            if (tag >> 3 > highest) revert UnexpectedField(tag >> 3);
        }
    }

    /// @dev Walks over the whole message, so that it is known to be well-formed to its end.
    function _find(
        bytes calldata message,
        uint256 number,
        uint256 wireType
    ) private pure returns (uint256 start, uint256 end, uint256 value) {
        bool found = false;
        uint256 cursor = 0;
        while (cursor < message.length) {
            (uint256 tag, uint256 from, uint256 next, uint256 scalar) = _next(message, cursor);
            cursor = next;
            if (tag >> 3 != number) continue;
            if (found) revert DuplicateField(number);
            if (tag & 7 != wireType) revert Malformed();
            (found, start, end, value) = (true, from, next, scalar);
        }
    }

    /// @dev The field at `cursor`: where its content begins and ends, and a varint's value.
    function _next(
        bytes calldata message,
        uint256 cursor
    ) private pure returns (uint256 tag, uint256 start, uint256 end, uint256 scalar) {
        (tag, start) = _varint(message, cursor);
        if (tag & 7 == VARINT) {
            (scalar, end) = _varint(message, start);
        } else if (tag & 7 == LENGTH_DELIMITED) {
            (scalar, start) = _varint(message, start);
            end = start + scalar;
        } else if (tag & 7 == FIXED64) {
            end = start + 8;
        } else if (tag & 7 == FIXED32) {
            end = start + 4;
        } else {
            revert Malformed();
        }
        if (end > message.length || tag >> 3 == 0) revert Malformed();
    }

    /// @dev Seven bits a byte, the lowest first, at most 64 in all.
    function _varint(bytes calldata message, uint256 cursor) private pure returns (uint256 value, uint256 next) {
        for (uint256 shift = 0; shift < 70; shift += 7) {
            if (cursor >= message.length) revert Malformed();
            uint256 digit = uint8(message[cursor++]);
            value |= (digit & 0x7f) << shift;
            if (digit < 0x80) {
                if (value > type(uint64).max) revert Malformed();
                return (value, cursor);
            }
        }
        revert Malformed();
    }
}
