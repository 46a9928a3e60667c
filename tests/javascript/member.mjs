// Who is a member: sections 3 and 8 of docs/protocol.md. An invitation is [fleet, key, expires, uses, signature], a member
// [peer, invitation, admission, voucher, joined, signature].
import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { array, float, hex, pack, unpack } from './wire.mjs'

const INVITATION = Buffer.from('error-aggregator invitation 1\0')
const ADMISSION = Buffer.from('error-aggregator admission 1\0')
const MEMBER = Buffer.from('error-aggregator member 1\0')
const BAN = Buffer.from('error-aggregator ban 1\0')
const NOTHING = Buffer.alloc(0)
const VERSIONS = 2 ** 53 - 1

const packInvitation = ([fleet, key, expires, uses], signature) =>
  array(pack(fleet), pack(key), float(expires), pack(uses), pack(signature))

const packAdmission = ([peer, invitation]) => array(pack(peer), packInvitation(invitation, invitation[4]))

const packMember = ([peer, invitation, admission, voucher, joined], signature) =>
  array(pack(peer), packInvitation(invitation, invitation[4]), pack(admission), pack(voucher), float(joined), pack(signature))

// The chain of one who has an invitation and the private half of its key, and was not let in yet.
export async function asking (peer, invitation, key) {
  const admission = await key.sign(Buffer.concat([ADMISSION, packAdmission([peer, invitation])]))
  return packMember([peer, invitation, admission, '', 0], NOTHING)
}

// The same, let in by `voucher`, a peer id or '' for the fleet's key, whose key is `key`.
export async function letIn (chain, voucher, joined, key) {
  const [peer, invitation, admission] = unpack(chain)
  const bare = [peer, invitation, admission, voucher, joined]
  return packMember(bare, await key.sign(Buffer.concat([MEMBER, packMember(bare, NOTHING)])))
}

// The ruling that makes a member known: all of it follows from the chain.
export function introduction (chain) {
  const [peer, invitation, , voucher, joined] = unpack(chain)
  const subject = `${peer} ${hex(invitation[1])} ${voucher}`.trimEnd()
  return ['member', subject, chain, VERSIONS - Math.floor(joined * 1000), voucher]
}

const signedOfBan = (subject, moment, version, peer) => Buffer.concat([BAN, pack([subject, moment, version, peer])])

export async function banned (subject, moment, version, peer, fleet, key) {
  return ['ban', subject, [moment, fleet, await key.sign(signedOfBan(subject, moment, version, peer))], version, peer]
}

// Whether the fleet's key has signed this ban.
export async function isBan ([, subject, value, version, peer], fleet) {
  const [moment, key, signature] = value ?? []
  return key != null && hex(key) === hex(fleet) &&
    await verified(publicKeyFromRaw(key), signedOfBan(subject, moment, version, peer), signature)
}

export class Roster {
  constructor (fleet) {
    this.fleet = fleet
    this.chains = []
  }

  // Whether the chain holds; if so, the peer that it is of, else null. It counts when its voucher does.
  async put (chain) {
    const member = unpack(chain)
    const [peer, invitation, admission, voucher, joined, signature] = member
    const [fleet, key, expires, , byFleet] = invitation
    if (hex(fleet) !== hex(this.fleet) || !(joined >= 0 && joined <= expires) || signature.length === 0) return null
    const byVoucher = voucher === '' ? publicKeyFromRaw(fleet) : peerIdFromString(voucher).publicKey
    const holds =
      await verified(publicKeyFromRaw(fleet), Buffer.concat([INVITATION, packInvitation(invitation, NOTHING)]), byFleet) &&
      await verified(publicKeyFromRaw(key), Buffer.concat([ADMISSION, packAdmission(member)]), admission) &&
      await verified(byVoucher, Buffer.concat([MEMBER, packMember(member, NOTHING)]), signature)
    if (holds && !this.chains.some(known => hex(known.chain) === hex(chain))) {
      this.chains.push({ chain, peer, voucher, joined, key: hex(key) })
    }
    return holds ? peer : null
  }

  // Takes in a chain with the path of its vouchers; whether the peer's word counts.
  async welcome (chain, path, bans) {
    const all = []
    for (const each of [chain, ...path]) all.push(await this.put(each))
    return all.includes(null) || !this.has(all[0], bans) ? null : all[0]
  }

  // Whether this peer's word counts: some chain of it leads back to the fleet's key, and it is not banned.
  has = (peer, bans = new Map()) => this.isMember(peer, bans) && this.bannedFrom(peer, bans) === Infinity

  isMember = (peer, bans) => this.#standing(bans).has(peer)

  // The moment from which its windows do not count.
  bannedFrom (peer, bans) {
    return until(this.#standing(bans).get(peer) ?? [], peer, bans)
  }

  // The chains that stand, by peer: those of the fleet's key, and those of members that were not banned when they vouched.
  #standing (bans) {
    const standing = new Map()
    let left = this.chains.filter(({ key, joined }) => joined < (bans.get(key) ?? Infinity))
    for (let before = -1; before !== left.length;) {
      before = left.length
      left = left.filter(each => {
        const vouched = each.voucher === '' || (standing.has(each.voucher) &&
          each.joined < until(standing.get(each.voucher), each.voucher, bans))
        if (vouched) standing.set(each.peer, [...standing.get(each.peer) ?? [], each])
        return !vouched
      })
    }
    return standing
  }
}

const until = (chains, peer, bans) =>
  Math.min(bans.get(peer) ?? Infinity, Math.max(-Infinity, ...chains.map(({ key }) => bans.get(key) ?? Infinity)))

const verified = async (key, message, signature) => signature.length === 64 && key.verify(message, signature)
