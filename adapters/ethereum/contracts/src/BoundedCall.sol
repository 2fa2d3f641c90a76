// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IGate} from "./IGate.sol";

/// @notice Calls to contracts that may be hostile: they get so much gas and no more, and what they return is read no further
/// than its first word, so that they can neither starve the rest of a batch nor fill its memory.
library BoundedCall {
    /// @notice What one such call gets. ERC-20 proxies and ERC-1271 wallets in use stay well below.
    uint256 internal constant GAS = 300_000;

    /// @notice Call `target`; `size` is the length of what it returned and `word` the beginning.
    function call(address target, bytes memory data) internal returns (bool success, uint256 size, bytes32 word) {
        _requireGas();
        assembly ("memory-safe") {
            mstore(0x00, 0)
            success := call(GAS, target, 0, add(data, 0x20), mload(data), 0x00, 0x20)
            size := returndatasize()
            word := mload(0x00)
        }
    }

    /// @notice As {call}, without letting `target` change anything.
    function read(address target, bytes memory data) internal view returns (bool success, uint256 size, bytes32 word) {
        _requireGas();
        assembly ("memory-safe") {
            mstore(0x00, 0)
            success := staticcall(GAS, target, add(data, 0x20), mload(data), 0x00, 0x20)
            size := returndatasize()
            word := mload(0x00)
        }
    }

    /// @dev A call gets at most 63/64 of the gas that is left (EIP-150). Without this check, whoever sends the transaction
    /// could choose its gas so that an honest recipient's hook fails.
    function _requireGas() private view {
        if (gasleft() < GAS + GAS / 63 + 10_000) revert IGate.NotEnoughGas();
    }
}
