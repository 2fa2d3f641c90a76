// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {Misbehaviour} from "./Misbehaviour.sol";

/// @notice An ERC-20 whose transfers misbehave as they are told.
contract HostileERC20 is ERC20("Hostile", "HST"), Misbehaviour {
    enum Mode {
        HONEST,
        FEE,
        FALSE,
        MISBEHAVE
    }

    Mode public mode;

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return mode != Mode.FALSE && super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return mode != Mode.FALSE && super.transferFrom(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0) || mode == Mode.HONEST) {
            super._update(from, to, value);
        } else if (mode == Mode.FEE) {
            super._update(from, address(0), value / 100);
            super._update(from, to, value - value / 100);
        } else {
            _misbehave();
        }
    }
}
