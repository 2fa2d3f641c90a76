// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A token whose units carry a payload. A gate takes the hash from here, so that nobody can send a token with
/// another payload than its own. Found through ERC-165.
interface IPayload {
    /// @notice SHA-256 of the canonical JSON (RFC 8785) of the payload of `tokenId`; zero where it has none.
    function payloadHash(uint256 tokenId) external view returns (bytes32);
}
