// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice One claim that a proof shows: the gate which the verifier stands for holds `state` for the transfer `id`.
struct ClaimShown {
    bytes32 id;
    uint8 state;
}

/// @notice Verifies what one gate on one other network claims.
interface IVerifier {
    /// @notice The claims that `proof` shows, in its own order. Reverts unless every one of them is proven.
    function verify(bytes calldata proof) external view returns (ClaimShown[] memory claims);
}
