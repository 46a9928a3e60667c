// A peer of a fleet, written from docs/protocol.md. Its one argument is JSON: the private key, the fleet, an invitation
// with its private key, whom to dial. Commands come as lines of JSON; what the peer has is printed as one, whenever it changed.
//
//   {"tell": [tally, …], "number": 0, "sequence": 1}   write a page of the present window and gossip it
//   {"keep": [tally, …], "number": 1, "sequence": 1}   write a page and gossip nothing: it is only given to who asks
//   {"sync": true}                                     from now on answer and ask
import { randomBytes } from 'node:crypto'
import { createInterface } from 'node:readline'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { Book } from './book.mjs'
import { Roster, asking, introduction, isBan } from './member.mjs'
import { FAR, Pages, refusal, signed } from './page.mjs'
import { answer, pull } from './sync.mjs'
import { hex, opened, pack, serve, unpack } from './wire.mjs'

const HELLO = '/error-aggregator/hello/1'
const KEYS = '/error-aggregator/keys/1'
const SYNC = '/error-aggregator/sync/1'
const TOPIC = 'error-aggregator/1'
const FORMAT = 1
const LOOKBACK = 86_400 // seconds
const PRESENCE = 5_000 // milliseconds
const SYNC_EVERY = 1_000 // milliseconds

const given = JSON.parse(process.argv[2])
const bytes = text => Buffer.from(text, 'hex')
const now = () => Date.now() / 1000
const windowAt = moment => Math.floor(moment / given.length) * given.length

const key = await generateKeyPairFromSeed('Ed25519', bytes(given.seed))
const fleet = bytes(given.fleet)
const roster = new Roster(fleet)
const has = { pages: new Pages(), book: new Book(), horizon: windowAt(now() - LOOKBACK) }
const came = { messages: 0, gossip: 0, sync: 0 } // messages of members; pages that changed something
const refused = {}
const run = randomBytes(8).toString('hex')
const present = windowAt(now()) // of all that this peer counts: its run is short

const node = await createLibp2p({
  privateKey: key,
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  services: {
    identify: identify(),
    ping: ping(),
    pubsub: gossipsub({
      allowPublishToZeroTopicPeers: true,
      msgIdFn: ({ from, sequenceNumber }) => {
        const number = Buffer.alloc(8)
        number.writeBigUInt64BE(sequenceNumber)
        return Buffer.concat([from.toMultihash().bytes, number])
      }
    })
  }
})
const me = node.peerId.toString()
const origin = [me, run]
const invitation = unpack(bytes(given.invitation))
const invitationKey = await generateKeyPairFromSeed('Ed25519', bytes(given.invitation_seed))
const invited = { chain: await asking(me, invitation, invitationKey), path: [] } // until somebody lets it in
const hello = () => pack({ ...invited, version: 'javascript', length: given.length, reads: ['page 1', 's1'] })

function show () {
  console.log(JSON.stringify({
    counts: has.pages.counts(),
    sum: hex(has.pages.sumOfRange(has.horizon, FAR)),
    book: hex(has.book.root()),
    rulings: has.book.rulings('mute').map(([, subject]) => subject),
    members: roster.chains.map(({ peer }) => peer),
    came,
    refused
  }))
}

function refuse (reason) {
  refused[reason] = (refused[reason] ?? 0) + 1
}

// What came from outside.

async function takePages (pages, way) {
  const bans = has.book.bans()
  const gate = { fleet, length: given.length, horizon: has.horizon, now: now() }
  gate.isMember = peer => roster.isMember(peer, bans)
  gate.bannedFrom = peer => roster.bannedFrom(peer, bans)
  for (const page of pages) {
    const reason = await refusal(page, gate).catch(() => 'malformed')
    if (reason) refuse(reason)
    else if (has.pages.put(page)) came[way] += 1
  }
}

async function takeEntries (facts, rulings) {
  for (const [name, fact] of facts) has.book.putFact(name, fact)
  for (const ruling of rulings) {
    if (await proven(ruling)) has.book.putRuling(ruling)
    else refuse('ruling')
  }
}

async function proven (ruling) {
  const [kind, , value] = ruling
  if (kind === 'ban') return isBan(ruling, fleet)
  if (kind !== 'member') return true
  return await roster.put(value) != null && hex(pack(introduction(value))) === hex(pack(ruling))
}

async function heard ({ from, data }) {
  if (!roster.has(from.toString(), has.book.bans())) return refuse('stranger')
  if (data[0] !== FORMAT) return refuse('format')
  came.messages += 1
  const message = unpack(data.subarray(1))
  if (message.type === 'pages') await takePages(message.pages, 'gossip')
  if (message.type === 'book') await takeEntries(message.facts ?? [], message.rulings ?? [])
  show()
}

const tell = message => node.services.pubsub.publish(TOPIC, Buffer.concat([Buffer.of(FORMAT), pack(message)]))

// Introductions, and questions once both know each other.

async function welcomed (peer, answer) {
  const { chain, path, length, member } = unpack(answer)
  if (chain == null || length !== given.length) return false
  if (await roster.welcome(chain, path ?? [], has.book.bans()) !== peer) return false
  if (member?.length > 0 && await roster.welcome(member, [], has.book.bans()) === me) {
    Object.assign(invited, { chain: member, path: [chain, ...path ?? []] })
    has.book.putRuling(introduction(member))
  }
  return true
}

async function introduce (connection) {
  const peer = connection.remotePeer.toString()
  const ask = await opened(connection, HELLO)
  if (!await welcomed(peer, await ask(hello()))) return connection.abort(new Error('no member'))
  while (node.services.pubsub.getSubscribers(TOPIC).length === 0) { // what is told before is told to nobody
    await new Promise(resolve => node.services.pubsub.addEventListener('subscription-change', resolve, { once: true }))
  }
  show()
  const beHere = () => tell({ type: 'presence', run, at: now(), version: 'javascript' })
  setInterval(beHere, PRESENCE).unref()
  await beHere()
}

async function keepInSync (connection) {
  const ask = await opened(connection, SYNC)
  while (connection.status === 'open') {
    const got = await pull(ask, has, now(), given.length)
    await takeEntries(got.facts, got.rulings)
    await takePages(got.pages, 'sync')
    show()
    await new Promise(resolve => setTimeout(resolve, SYNC_EVERY))
  }
}

await node.handle(HELLO, (stream, connection) => serve(stream, async question => {
  return await welcomed(connection.remotePeer.toString(), question) ? hello() : pack({ refused: 'NOT_A_MEMBER' })
}))
await node.handle(KEYS, stream => serve(stream, async question => question)) // it keeps none
node.services.pubsub.addEventListener('message', ({ detail }) => {
  heard(detail).catch(() => refuse('message'))
})
node.services.pubsub.subscribe(TOPIC)
const connection = await node.dial(multiaddr(given.dial))
await introduce(connection)

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  if (command.sync) {
    await node.handle(SYNC, (stream, { remotePeer }) => serve(stream, async question => {
      return roster.has(remotePeer.toString(), has.book.bans()) ? answer(question, has) : Buffer.alloc(0)
    }))
    keepInSync(connection).catch(error => refuse(error.message))
  } else {
    const pageKey = [origin, present, command.number]
    const page = await signed(pageKey, command.sequence, command.tell ?? command.keep, fleet, given.length, key)
    has.pages.put(page)
    if (command.tell) await tell({ type: 'pages', pages: [page] })
  }
  show()
}
await tell({ type: 'presence', run, at: now() + 0.001, version: 'javascript', leaving: true })
await node.stop()
