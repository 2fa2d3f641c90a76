// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {Misbehaviour} from "./Misbehaviour.sol";

/// @notice A contract that owns assets: an ERC-1271 wallet of whoever deployed it, which misbehaves on receiving ERC-1155 tokens
/// as it is told, and burns its gas on signatures where it is told to burn gas.
contract HostileAccount is ERC1155Holder, IERC1271, Misbehaviour {
    address private immutable _owner = msg.sender;

    /// @notice Do as the owner says.
    function execute(address target, bytes calldata data) external {
        (bool success, bytes memory result) = target.call(data);
        require(success, string(result));
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        while (kind == Kind.BURN_GAS) {}
        return ECDSA.recoverCalldata(hash, signature) == _owner ? this.isValidSignature.selector : bytes4(0);
    }

    function onERC1155Received(
        address operator,
        address from,
        uint256 id,
        uint256 value,
        bytes memory data
    ) public override returns (bytes4) {
        _misbehave();
        return super.onERC1155Received(operator, from, id, value, data);
    }
}
