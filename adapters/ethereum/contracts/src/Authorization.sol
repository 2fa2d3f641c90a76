// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {BoundedCall} from "./BoundedCall.sol";
import {IGate} from "./IGate.sol";
import {Leg, Terms} from "./Terms.sol";

/// @notice Whether the sender of a leg wants it: by sending the transaction, by an operator or by a signature.
abstract contract Authorization is EIP712, IGate {
    bytes32 private constant AUTHORIZATION_TYPE = keccak256(
        "Authorization(bytes32 transferId,string asset,uint256 amount,string recipient,string network,uint64 deadline)"
    );

    mapping(address account => mapping(address operator => bool)) private _operators;

    constructor() EIP712("CityGate", "1") {}

    /// @inheritdoc IGate
    function setOperator(address operator, bool approved) external {
        _operators[msg.sender][operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
    }

    /// @inheritdoc IGate
    function isOperator(address account, address operator) external view returns (bool) {
        return _operators[account][operator];
    }

    /// @dev Whether `account`, the sender of `leg`, lets `caller` prepare it.
    function _isAuthorized(
        bytes32 id,
        Terms calldata terms,
        Leg calldata leg,
        address account,
        address caller,
        bytes calldata signature
    ) internal view returns (bool) {
        if (caller == account || _operators[account][caller]) return true;
        if (signature.length == 0) return false;
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(
                    AUTHORIZATION_TYPE,
                    id,
                    keccak256(bytes(leg.asset)),
                    leg.amount,
                    keccak256(bytes(leg.recipient)),
                    keccak256(bytes(terms.participants[leg.destination].network)),
                    terms.deadline
                )
            )
        );
        return
            account.code.length == 0
                ? _isKeySignature(account, digest, signature)
                : _isWalletSignature(account, digest, signature);
    }

    function _isKeySignature(address account, bytes32 digest, bytes calldata signature) private pure returns (bool) {
        (address signer, ECDSA.RecoverError fault, ) = ECDSA.tryRecoverCalldata(digest, signature);
        return fault == ECDSA.RecoverError.NoError && signer == account;
    }

    /// @dev OpenZeppelin's SignatureChecker would give the wallet all the gas there is.
    function _isWalletSignature(address wallet, bytes32 digest, bytes calldata signature) private view returns (bool) {
        (bool success, uint256 size, bytes32 word) = BoundedCall.read(
            wallet,
            abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        return success && size >= 32 && word == bytes32(IERC1271.isValidSignature.selector);
    }
}
