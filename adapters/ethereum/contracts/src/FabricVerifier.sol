// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

import {ClaimShown, IVerifier} from "./IVerifier.sol";
import {Protobuf} from "./Protobuf.sol";
import {State} from "./Terms.sol";

/// @notice An endorsement of a proposal response: the endorser's msp.SerializedIdentity and its signature.
struct Endorsement {
    bytes identity;
    bytes32 r;
    bytes32 s;
}

/// @notice An endorsed, never submitted query of a Fabric gate's claims.
struct FabricProof {
    bytes channelHeader;
    bytes signatureHeader;
    bytes proposalPayload;
    bytes responsePayload;
    Endorsement[] endorsements;
}

/// @title FabricVerifier
/// @notice Shows the claims of one gate on one Fabric channel, by the endorsements of enough of its organisations.
/// @dev Immutable: another set of endorsers is another verifier, which the gate's {IGate-setPeer} changes to with a delay and
/// an overlap. Field numbers are those of fabric-protos: common/common.proto, peer/proposal_response.proto, peer/proposal.proto,
/// peer/chaincode.proto.
contract FabricVerifier is IVerifier {
    using Protobuf for bytes;

    /// @notice A peer whose endorsement counts for its organisation: the SHA-256 of its serialised identity, its public key on
    /// P-256, and what tells its organisation from others (the SHA-256 of the MSP id).
    struct Endorser {
        bytes32 identity;
        bytes32 qx;
        bytes32 qy;
        bytes32 organisation;
    }

    uint256 private constant STATUS_OK = 200;
    /// @dev SHA-256 of "citygate.claims.v1". No other response of the chaincode begins like it.
    bytes32 private constant TAG = 0x2d53f1c0dff0386cf9c3b4e4f25e5efadcdbe5e29336f8e069c3c91bdca16ba7;

    /// @notice How many distinct organisations have to endorse.
    uint256 public immutable threshold;

    /// @notice The network (CAIP-2) and the gate, `<channel>.<chaincode>`, whose claims these are.
    string public network;
    string public gate;

    bytes32 private immutable _networkHash;
    bytes32 private immutable _gateHash;
    bytes32 private immutable _channelHash;
    bytes32 private immutable _chaincodeHash;

    uint256 private _endorserCount;
    mapping(bytes32 identity => Endorser) private _endorsers;

    event EndorserRegistered(bytes32 indexed identity, bytes32 qx, bytes32 qy, bytes32 indexed organisation);

    error InvalidEndorser(bytes32 identity);
    error InvalidThreshold(uint256 threshold, uint256 organisations);

    error TooManyEndorsements(uint256 count);
    error UnknownEndorser(bytes32 identity);
    error DuplicateEndorser(bytes32 identity);
    error BadSignature(bytes32 identity);
    error TooFewOrganisations(uint256 organisations);
    error OtherProposal();
    error OtherChannel(string channel);
    error OtherChaincode(string chaincode);
    error NotSuccessful(uint256 status);
    error NoClaims();
    error OtherGate(string network, string gate);

    constructor(
        string memory network_,
        string memory channel,
        string memory chaincode,
        uint256 threshold_,
        Endorser[] memory endorsers
    ) {
        network = network_;
        gate = string.concat(channel, ".", chaincode);
        _networkHash = keccak256(bytes(network_));
        _gateHash = keccak256(bytes(gate));
        _channelHash = keccak256(bytes(channel));
        _chaincodeHash = keccak256(bytes(chaincode));
        bytes32[] memory organisations = new bytes32[](endorsers.length);
        for (uint256 i = 0; i < endorsers.length; ++i) {
            Endorser memory endorser = endorsers[i];
            bool known = _endorsers[endorser.identity].organisation != 0;
            if (known || endorser.organisation == 0 || !P256.isValidPublicKey(endorser.qx, endorser.qy)) {
                revert InvalidEndorser(endorser.identity);
            }
            _endorsers[endorser.identity] = endorser;
            organisations[i] = endorser.organisation;
            emit EndorserRegistered(endorser.identity, endorser.qx, endorser.qy, endorser.organisation);
        }
        _endorserCount = endorsers.length;
        uint256 distinct = _countDistinct(organisations);
        if (threshold_ == 0 || threshold_ > distinct) revert InvalidThreshold(threshold_, distinct);
        threshold = threshold_;
    }

    /// @inheritdoc IVerifier
    function verify(bytes calldata proof) external view returns (ClaimShown[] memory claims) {
        FabricProof calldata parts;
        // The encoding of one dynamic tuple: its offset, always 32, then the tuple. Its parts are read where they lie.
        assembly ("memory-safe") {
            parts := add(proof.offset, 0x20)
        }
        _checkEndorsements(parts);
        bytes calldata action = _checkProposal(parts);
        bytes calldata response = action.readBytes(3); // ChaincodeAction.response
        uint256 status = response.readVarint(1); // Response.status
        if (status != STATUS_OK) revert NotSuccessful(status);
        return _readClaims(response.readBytes(3)); // Response.payload
    }

    function _checkEndorsements(FabricProof calldata parts) private view {
        Endorsement[] calldata endorsements = parts.endorsements;
        // Bounds the work that a hostile proof can ask for.
        if (endorsements.length > _endorserCount) revert TooManyEndorsements(endorsements.length);
        bytes32[] memory identities = new bytes32[](endorsements.length);
        bytes32[] memory organisations = new bytes32[](endorsements.length);
        for (uint256 i = 0; i < endorsements.length; ++i) {
            Endorsement calldata endorsement = endorsements[i];
            bytes32 identity = sha256(endorsement.identity);
            Endorser storage endorser = _endorsers[identity];
            if (endorser.organisation == 0) revert UnknownEndorser(identity);
            for (uint256 j = 0; j < i; ++j) if (identities[j] == identity) revert DuplicateEndorser(identity);
            bytes32 digest = sha256(bytes.concat(parts.responsePayload, endorsement.identity));
            // P256 refuses a high S.
            if (!P256.verify(digest, endorsement.r, endorsement.s, endorser.qx, endorser.qy)) {
                revert BadSignature(identity);
            }
            identities[i] = identity;
            organisations[i] = endorser.organisation;
        }
        uint256 distinct = _countDistinct(organisations);
        if (distinct < threshold) revert TooFewOrganisations(distinct);
    }

    /// @dev Check that what was endorsed is the answer of the gate's chaincode on the gate's channel.
    /// @return action The endorsed peer.ChaincodeAction.
    function _checkProposal(FabricProof calldata parts) private view returns (bytes calldata action) {
        bytes calldata response = parts.responsePayload;
        bytes32 hash = sha256(bytes.concat(parts.channelHeader, parts.signatureHeader, parts.proposalPayload));
        bytes calldata endorsed = response.readBytes(1); // ProposalResponsePayload.proposal_hash
        if (endorsed.length != 32 || bytes32(endorsed) != hash) revert OtherProposal();
        bytes calldata channel = parts.channelHeader.readBytes(4); // ChannelHeader.channel_id
        if (keccak256(channel) != _channelHash) revert OtherChannel(string(channel));
        // The hash doesn't tell where one part ends. To peers the last channel_id counts, so none may follow what is shown as
        // the channel header.
        parts.signatureHeader.requireFieldsUpTo(2); // SignatureHeader.creator, nonce
        parts.proposalPayload.requireFieldsUpTo(2); // ChaincodeProposalPayload.input, TransientMap
        action = response.readBytes(2); // ProposalResponsePayload.extension
        bytes calldata chaincode = action.readBytes(4).readBytes(2); // ChaincodeAction.chaincode_id, ChaincodeID.name
        if (keccak256(chaincode) != _chaincodeHash) revert OtherChaincode(string(chaincode));
    }

    /// @dev `payload` comes from endorsers by now, but they endorse whatever the chaincode answers, even to hostile clients.
    function _readClaims(bytes calldata payload) private view returns (ClaimShown[] memory claims) {
        if (payload.length < 32 || bytes32(payload) != TAG) revert NoClaims();
        (, string memory network_, string memory gate_, bytes32[] memory ids, uint8[] memory states) = abi.decode(
            payload,
            (bytes32, string, string, bytes32[], uint8[])
        );
        if (keccak256(bytes(network_)) != _networkHash || keccak256(bytes(gate_)) != _gateHash) {
            revert OtherGate(network_, gate_);
        }
        if (ids.length == 0 || ids.length != states.length) revert NoClaims();
        claims = new ClaimShown[](ids.length);
        for (uint256 i = 0; i < ids.length; ++i) {
            if (states[i] == State.NONE || states[i] > State.ABORTED) revert NoClaims();
            claims[i] = ClaimShown(ids[i], states[i]);
        }
    }

    function _countDistinct(bytes32[] memory values) private pure returns (uint256 distinct) {
        for (uint256 i = 0; i < values.length; ++i) {
            bool first = true;
            for (uint256 j = 0; j < i; ++j) first = first && values[j] != values[i];
            if (first) ++distinct;
        }
    }
}
