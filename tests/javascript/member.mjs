// Who is a member: section 3 of docs/protocol.md. An invitation is [fleet, key, expires, uses, signature], a member
// [peer, joined, invitation, signature].
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { array, float, hex, pack, unpack } from './wire.mjs'

const INVITATION = Buffer.from('error-aggregator invitation 1\0')
const MEMBER = Buffer.from('error-aggregator member 1\0')
const NOTHING = Buffer.alloc(0)

const packInvitation = ([fleet, key, expires, uses], signature) =>
  array(pack(fleet), pack(key), float(expires), pack(uses), pack(signature))

const packMember = ([peer, joined, invitation], signature) =>
  array(pack(peer), float(joined), packInvitation(invitation, invitation[4]), pack(signature))

// The chain of one who was handed an invitation and the private half of its key.
export async function admitted (peer, joined, invitation, key) {
  const bare = [peer, joined, invitation]
  return packMember(bare, await key.sign(Buffer.concat([MEMBER, packMember(bare, NOTHING)])))
}

export class Roster {
  constructor (fleet) {
    this.fleet = fleet
    this.chains = []
  }

  // Whether the chain holds; if so, the peer that it is of, else null.
  async put (chain) {
    const member = unpack(chain)
    const [peer, joined, invitation, signature] = member
    const [fleet, key, expires, , byFleet] = invitation
    if (hex(fleet) !== hex(this.fleet) || !(joined >= 0 && joined <= expires)) return null
    const holds = await verified(fleet, INVITATION, packInvitation(invitation, NOTHING), byFleet) &&
      await verified(key, MEMBER, packMember(member, NOTHING), signature)
    if (holds && !this.chains.some(known => hex(known.chain) === hex(chain))) {
      this.chains.push({ chain, peer, joined, key: hex(key), uses: invitation[3] })
    }
    return holds ? peer : null
  }

  // Whether this peer's word counts: its invitation had a use left, and neither is banned.
  has (peer, bans = new Map()) {
    return this.chains.some(own => own.peer === peer && !bans.has(peer) && !bans.has(own.key) &&
      this.chains.filter(other => other.key === own.key && before(other, own)).length < own.uses)
  }

  // The moment from which its windows do not count.
  bannedFrom (peer, bans) {
    const own = this.chains.filter(each => each.peer === peer).map(({ key }) => bans.get(key) ?? Infinity)
    return Math.min(bans.get(peer) ?? Infinity, Math.max(...own))
  }
}

const before = (a, b) => a.joined < b.joined || (a.joined === b.joined && a.peer < b.peer)

const verified = async (key, context, message, signature) =>
  signature.length === 64 && publicKeyFromRaw(key).verify(Buffer.concat([context, message]), signature)
