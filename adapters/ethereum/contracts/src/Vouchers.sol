// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IPayload} from "./IPayload.sol";
import {Names} from "./Names.sol";
import {Redeemable} from "./Redeemable.sol";

/// @notice Stand for assets at home on other networks. A voucher's id is the SHA-256 of its asset's CAIP-19 name. The gate that
/// deploys this contract makes and destroys them, and moves those of senders whose authorisation it has checked.
contract Vouchers is ERC1155, AccessManaged, Redeemable, IPayload {
    address public immutable gate;

    /// @notice How many vouchers of this id exist, those in the gate's keeping included.
    mapping(uint256 id => uint256) public totalSupply;
    mapping(uint256 id => bytes32) private _payloadHashes;
    mapping(uint256 id => address) private _holders;

    /// @dev `payload` is what hashes to {payloadHash}, empty where that is zero. Amounts are in TransferSingle.
    event Minted(uint256 indexed id, string asset, bytes payload);

    error OnlyGate();
    error RedeemedVoucher(uint256 id);

    modifier onlyGate() {
        if (msg.sender != gate) revert OnlyGate();
        _;
    }

    constructor(address authority) ERC1155("") AccessManaged(authority) {
        gate = msg.sender;
    }

    /// @notice Make `amount` vouchers of `asset` in the gate's keeping, or as many as can still exist.
    /// @dev Only a hostile home has more than 2^256 - 1 of anything. It gets less, instead of stopping the settlement.
    /// @return minted How many were made.
    function mint(
        string calldata asset,
        uint256 amount,
        bytes32 payloadHash_,
        bytes calldata payload
    ) external onlyGate returns (uint256 minted) {
        uint256 id = idOf(asset);
        minted = Math.min(amount, type(uint256).max - totalSupply[id]);
        totalSupply[id] += minted;
        _payloadHashes[id] = payloadHash_;
        emit Minted(id, asset, payload);
        _mint(gate, id, minted, "");
    }

    /// @notice Destroy `amount` vouchers of `asset` in the gate's keeping.
    function burn(string calldata asset, uint256 amount) external onlyGate {
        uint256 id = idOf(asset);
        totalSupply[id] -= amount;
        _burn(gate, id, amount);
    }

    /// @notice Validate the tickets that these vouchers stand for. Takes the validator's role.
    function redeem(Redemption[] calldata redemptions) external restricted {
        _redeem(redemptions);
    }

    /// @inheritdoc IPayload
    function payloadHash(uint256 id) external view returns (bytes32) {
        return _payloadHashes[id];
    }

    /// @notice Who has the only voucher of this id, the gate while it keeps it. Zero where there is none, or were several at once.
    function holderOf(uint256 id) external view returns (address) {
        address holder = _holders[id];
        return totalSupply[id] == 1 && balanceOf(holder, id) == 1 ? holder : address(0);
    }

    /// @notice The id of the vouchers of `asset`.
    function idOf(string calldata asset) public pure returns (uint256) {
        return uint256(sha256(bytes(asset)));
    }

    /// @dev The gate checks each sender's authorisation itself.
    function isApprovedForAll(address account, address operator) public view override returns (bool) {
        return operator == gate || super.isApprovedForAll(account, operator);
    }

    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IPayload).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev A redeemed ticket doesn't leave. Anybody can move none of an id, which makes nobody its holder.
    function _update(address from, address to, uint256[] memory ids, uint256[] memory values) internal override {
        super._update(from, to, ids, values);
        for (uint256 i = 0; i < ids.length; ++i) {
            if (to == gate && from != address(0) && _isRedeemed(ids[i])) revert RedeemedVoucher(ids[i]);
            if (to != address(0) && values[i] == 1 && totalSupply[ids[i]] == 1) _holders[ids[i]] = to;
        }
    }

    function _tokenNamed(string calldata asset) internal pure override returns (bool, uint256) {
        return (Names.isUnique(asset), idOf(asset));
    }

    /// @dev What the gate keeps is locked by a transfer, or held for somebody who has yet to claim it.
    function _obstacle(uint256 id, string calldata asset) internal view override returns (bytes memory) {
        bool present = totalSupply[id] != 0 && balanceOf(gate, id) == 0;
        return present ? bytes("") : abi.encodeWithSelector(NotRedeemable.selector, asset);
    }
}
