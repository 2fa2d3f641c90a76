// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC1155Receiver} from "@openzeppelin/contracts/token/ERC1155/IERC1155Receiver.sol";
import {CAIP2} from "@openzeppelin/contracts/utils/CAIP2.sol";
import {ERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IGate} from "./IGate.sol";
import {Names} from "./Names.sol";
import {Standard, Token, Tokens} from "./Tokens.sol";
import {Vouchers} from "./Vouchers.sol";

/// @notice What the gate keeps: assets at home here, and vouchers of assets at home elsewhere. Both are tokens to it; only
/// a voucher is made when it arrives and destroyed when it leaves.
/// @dev Sums saturate. Only a hostile token's amounts come near 2^256, and they must not stop the settlement of a transfer that
/// has other legs as well.
abstract contract Escrow is ReentrancyGuardTransient, ERC165, IERC1155Receiver, IGate {
    using Math for uint256;
    using Tokens for Token;

    /// @notice The contract whose tokens stand for assets at home elsewhere.
    Vouchers public immutable vouchers;

    mapping(string asset => mapping(string network => uint256)) private _outstanding;
    mapping(string asset => uint256) private _escrowed;
    mapping(string asset => bytes32 id) private _lockedBy;
    mapping(address account => mapping(string asset => uint256)) private _held;

    constructor(address authority) {
        vouchers = new Vouchers(authority);
    }

    /// @inheritdoc IGate
    function claim(string calldata asset, address to) external nonReentrant {
        uint256 amount = _held[msg.sender][asset];
        if (amount == 0) revert NothingHeld(msg.sender, asset);
        delete _held[msg.sender][asset];
        if (!_mayOwn(to) || !_token(asset, Names.isAt(asset, CAIP2.local())).push(to, amount))
            revert AssetRefused(asset);
        emit Claimed(msg.sender, asset, amount, to);
    }

    /// @notice Takes in ERC-1155 tokens only while this gate itself pulls them: nobody can leave some here by mistake.
    function onERC1155Received(
        address operator,
        address,
        uint256,
        uint256,
        bytes calldata
    ) external view returns (bytes4) {
        return operator == address(this) ? this.onERC1155Received.selector : bytes4(0);
    }

    /// @notice Refuses: the gate never pulls a batch.
    function onERC1155BatchReceived(
        address,
        address,
        uint256[] calldata,
        uint256[] calldata,
        bytes calldata
    ) external pure returns (bytes4) {
        return 0;
    }

    /// @inheritdoc IGate
    function outstanding(string calldata asset, string calldata network_) external view returns (uint256) {
        return _outstanding[asset][network_];
    }

    /// @inheritdoc IGate
    function escrowed(string calldata asset) external view returns (uint256) {
        return _escrowed[asset];
    }

    /// @inheritdoc IGate
    function lockedBy(string calldata asset) external view returns (bytes32) {
        return _lockedBy[asset];
    }

    /// @inheritdoc IGate
    function held(address account, string calldata asset) external view returns (uint256) {
        return _held[account][asset];
    }

    function supportsInterface(bytes4 interfaceId) public view override(ERC165, IERC165) returns (bool) {
        return interfaceId == type(IERC1155Receiver).interfaceId || super.supportsInterface(interfaceId);
    }

    /// @dev Take `amount` of `asset`, whose home this may be, from `sender` into this gate's keeping.
    /// @return payloadHash What the token says of its payload.
    function _take(
        string calldata asset,
        bool home,
        address sender,
        uint256 amount
    ) internal returns (bytes32 payloadHash) {
        Token memory token = _token(asset, home);
        bool known = token.pull(sender, amount);
        if (known) (known, payloadHash) = token.payloadHash();
        if (!known) revert AssetRefused(asset);
    }

    /// @dev What `asset`, whose home this is, says of its payload.
    function _homePayloadHash(string calldata asset) internal view returns (bytes32 payloadHash) {
        bool known;
        (known, payloadHash) = _token(asset, true).payloadHash();
        if (!known) revert AssetRefused(asset);
    }

    /// @dev Give `amount` of `asset` out of this gate's keeping. It never fails for the recipient's sake: what can't be
    /// delivered is held in the recipient's name.
    function _give(bytes32 id, string calldata asset, bool home, address recipient, uint256 amount) internal {
        if (_token(asset, home).push(recipient, amount)) return;
        _held[recipient][asset] = _held[recipient][asset].saturatingAdd(amount);
        emit Held(id, recipient, asset, amount);
    }

    /// @dev `amount` of `asset`, in this gate's keeping, is now at `network_`.
    function _sendAbroad(string calldata asset, string calldata network_, uint256 amount) internal {
        _escrowed[asset] = _escrowed[asset].saturatingAdd(amount);
        _setOutstanding(asset, network_, _outstanding[asset][network_].saturatingAdd(amount));
    }

    /// @dev `amount` of `asset` is no longer at `network_`, which can't give back more than was sent there.
    function _bringHome(string calldata asset, string calldata network_, uint256 amount) internal {
        uint256 before = _outstanding[asset][network_];
        if (before < amount) revert ExceedsOutstanding(asset, network_, before);
        _escrowed[asset] = _escrowed[asset].saturatingSub(amount);
        _setOutstanding(asset, network_, before - amount);
    }

    /// @dev Note that the transfer `id` holds `asset`, or with zero that none does. Only kept for unique ones.
    function _setLock(string calldata asset, bytes32 id) internal {
        if (Names.isUnique(asset)) _lockedBy[asset] = id;
    }

    /// @dev The address of a sender or recipient here. Neither the gate nor its vouchers may be one: what they own is lost.
    function _account(string calldata name) internal view returns (address account) {
        bool valid;
        (valid, account) = Names.readAddress(name);
        if (!valid || !_mayOwn(account)) revert InvalidAccount(name);
    }

    function _mayOwn(address account) private view returns (bool) {
        return account != address(0) && account != address(this) && account != address(vouchers);
    }

    function _setOutstanding(string calldata asset, string calldata network_, uint256 amount) private {
        _outstanding[asset][network_] = amount;
        emit Outstanding(asset, network_, amount);
    }

    /// @dev What `asset` is on this chain: itself where this is its home, else its voucher.
    function _token(string calldata asset, bool home) private view returns (Token memory token) {
        if (!home) return Token(Standard.ERC1155, address(vouchers), vouchers.idOf(asset));
        bool valid;
        (valid, token) = Tokens.named(asset);
        // A voucher has its asset's name and no other.
        if (!valid || token.target == address(vouchers)) revert InvalidAsset(asset);
    }
}
