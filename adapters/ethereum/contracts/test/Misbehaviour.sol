// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice What a hostile contract may do when it is called.
abstract contract Misbehaviour {
    enum Kind {
        NONE,
        REVERT,
        BURN_GAS,
        RETURN_BOMB,
        REENTER
    }

    Kind public kind;
    address private _target;
    bytes private _data;
    /// @notice What came of the last reentry: its error's selector.
    bytes4 public reentry;

    error Unwilling();

    /// @param target Who is called with `data` by REENTER.
    function setKind(Kind kind_, address target, bytes calldata data) external {
        (kind, _target, _data) = (kind_, target, data);
    }

    function _misbehave() internal {
        if (kind == Kind.REVERT) revert Unwilling();
        if (kind == Kind.BURN_GAS) {
            assembly {
                invalid()
            }
        }
        if (kind == Kind.RETURN_BOMB) {
            assembly {
                revert(0, 100000)
            }
        }
        if (kind == Kind.REENTER) {
            (bool success, bytes memory result) = _target.call(_data);
            reentry = success ? bytes4(0xffffffff) : bytes4(result);
        }
    }
}
