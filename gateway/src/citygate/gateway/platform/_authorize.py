"""The authorisation of a transfer's legs by the senders whose keys this gateway holds."""

from __future__ import annotations

import asyncio

from citygate.adapter import Terms

from ._networks import Networks


async def authorize(networks: Networks, terms: Terms) -> tuple[bytes, ...]:
    """For each leg its authorisation as its source's gate takes it; empty where the sender keeps the key."""
    return tuple(await asyncio.gather(*(_leg(networks, terms, leg) for leg in range(len(terms.legs)))))


async def _leg(networks: Networks, terms: Terms, number: int) -> bytes:
    leg = terms.legs[number]
    network = networks.get(terms.participants[leg.source].network)
    signer = networks.keys.signer(network.id, leg.sender)
    if signer is None:
        return b""
    request = network.adapter.authorization(terms, number)
    signature = await signer.sign(request.digest)
    return network.adapter.authorized(terms, number, signer.public_key, signature)
