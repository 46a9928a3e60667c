// Pages and sums over them: sections 7 and 10 of docs/protocol.md. A page is [key, sequence, body, signature],
// its key [[peer, run], window, number].
import { peerIdFromString } from '@libp2p/peer-id'
import { pack, sha256, sumOf, unpack } from './wire.mjs'

const CONTEXT = Buffer.from('error-aggregator page 1\0')
const TALLIES = 64
const PAGES = 128
const BODY_BYTES = 128 * 1024
export const FUTURE = 3600 // seconds
export const FAR = 2 ** 52

// What an origin signs.
export const message = ([key, sequence, body], fleet, length) =>
  Buffer.concat([CONTEXT, pack([fleet, length, key, sequence]), body])

export async function signed (key, sequence, tallies, fleet, length, privateKey) {
  const body = pack(tallies)
  return [key, sequence, body, await privateKey.sign(message([key, sequence, body], fleet, length))]
}

const hash = page => sha256(page[2], page[3])
export const versionOf = page => [page[0], page[1], hash(page)]
export const mark = page => sha256(pack(versionOf(page)))

// Whether a version [key, sequence, hash] would replace `ours`.
export const replaces = ([, sequence, theirHash], ours) => ours == null ||
  sequence > ours[1] || (sequence === ours[1] && Buffer.compare(Buffer.from(theirHash), hash(ours)) > 0)

// Why a page is not taken; '' if it is.
export async function refusal (page, { fleet, length, horizon, now, isMember, bannedFrom }) {
  const [[[peer, run], window, number], sequence, body, signature] = page
  if (window < horizon || window > now + FUTURE) return 'window'
  if (!isMember(peer) || window >= bannedFrom(peer)) return 'origin'
  if (window % length !== 0 || number < 0 || number >= PAGES || sequence < 1 || run.length !== 16) return 'key'
  if (body.length > BODY_BYTES || !sound(unpack(body))) return 'body'
  const good = await peerIdFromString(peer).publicKey.verify(message(page, fleet, length), signature)
  return good ? '' : 'signature'
}

function sound (tallies) {
  const names = new Set(tallies.map(([signature]) => signature))
  return tallies.length <= TALLIES && names.size === tallies.length && tallies.every(tally => {
    const [signature, count, first, last, severity] = tally
    return signature.length > 0 && signature.length <= 64 && count >= 1 && count <= 2 ** 53 &&
      first >= 0 && first <= last && severity >= 0 && severity <= 3
  })
}

const name = key => JSON.stringify(key)

export class Pages {
  #pages = new Map()

  // Merges a page; whether it changed something.
  put (page) {
    if (!replaces(versionOf(page), this.get(page[0]))) return false
    this.#pages.set(name(page[0]), page)
    return true
  }

  get = key => this.#pages.get(name(key))

  #where = wanted => [...this.#pages.values()].filter(([[origin, window]]) => wanted(window, origin))
  #sum = wanted => sumOf(this.#where(wanted).map(mark), 32)
  windows = lowest => [...new Set(this.#where(window => window >= lowest).map(([[, window]]) => window))]
  sumOfRange = (lowest, highest) => this.#sum(window => window >= lowest && window < highest)
  sumOfWindow = window => this.sumOfRange(window, window + 1)
  sumOfOrigin = (window, origin) => this.#sum((w, o) => w === window && name(o) === name(origin))
  versions = (window, origin) => this.#where((w, o) => w === window && name(o) === name(origin)).map(versionOf)

  origins (window) {
    const names = this.#where(each => each === window).map(([[origin]]) => name(origin))
    return [...new Set(names)].map(each => JSON.parse(each))
  }

  counts () {
    const counts = {}
    for (const [, , body] of this.#pages.values()) {
      for (const [signature, count] of unpack(body)) counts[signature] = (counts[signature] ?? 0) + count
    }
    return counts
  }
}
