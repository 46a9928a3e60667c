// Reads the examples of docs/protocol.md, as JSON of hex, and prints what this peer makes of them, in the same form.
import { text } from 'node:stream/consumers'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { Book } from './book.mjs'
import { Roster, asking, banned, introduction, isBan, letIn } from './member.mjs'
import { Pages, mark, message, refusal } from './page.mjs'
import { answer, pull } from './sync.mjs'
import { hex, pack, unpack } from './wire.mjs'

const WINDOW = 1785758400
const HORIZON = 1785672000
const LENGTH = 900
const ROOT = `s1-${'1'.padStart(32, '0')}`

const given = Object.fromEntries(Object.entries(JSON.parse(await text(process.stdin)))
  .map(([name, bytes]) => [name, Buffer.from(bytes, 'hex')]))
const [fleetKey, invitationKey, key, otherKey] = await Promise.all(
  [1, 2, 3, 4].map(number => generateKeyPairFromSeed('Ed25519', Buffer.alloc(32, number))))
const fleet = fleetKey.publicKey.raw
const me = peerIdFromPrivateKey(key).toString()

const other = peerIdFromPrivateKey(otherKey).toString()

const invitation = unpack(given.chain)[1]
const chain = await letIn(await asking(me, invitation, invitationKey), '', WINDOW, fleetKey)
const second = await letIn(await asking(other, invitation, invitationKey), me, WINDOW + 60, key)
const ban = unpack(given['ruling that bans the second peer'])
const bans = new Map(await isBan(ban, fleet) ? [[other, ban[2][0]]] : [])
const roster = new Roster(fleet)
const isMember = await roster.put(second) === other && !roster.has(other) && await roster.put(given.chain) === me &&
  roster.has(me) && roster.has(other) && !roster.has(other, bans) && roster.isMember(other, bans)

const [page] = unpack(given['gossip message with the page'].subarray(1)).pages
const gate = { fleet, length: LENGTH, horizon: HORIZON, now: WINDOW, isMember: () => isMember, bannedFrom: () => Infinity }
const refused = await refusal(page, gate)

const full = new Pages()
full.put(page)
const book = new Book()
book.putFact(['acme/shop', ROOT, 0], [3, 1785758460, 42])
book.putRuling(['mute', ROOT, { until: 'rate', count: 3 }, 1, me])

// Maps may be encoded in any order: what is said is compared, not how.
const said = {}
function say (name, bytes, head = 0) {
  const alike = hex(pack(unpack(given[name].subarray(head)))) === hex(pack(unpack(bytes.subarray(head))))
  said[name] = alike ? given[name] : bytes
}
const empty = { pages: new Pages(), book: new Book(), horizon: HORIZON }
const got = await pull(async question => {
  const name = unpack(question).type
  say(`question: ${name}`, question)
  const answered = answer(question, { ...empty, pages: full })
  say(`answer to ${name}`, answered)
  return answered
}, empty, WINDOW + 1, LENGTH)
say('gossip message with the page', Buffer.concat([Buffer.of(1), pack({ type: 'pages', pages: got.pages })]), 1)

const sums = book.sums().flatMap((sum, n) => sum.some(byte => byte > 0) ? [[`sum of the book's bucket ${n}`, sum]] : [])
const made = {
  'fleet id': fleet,
  'peer id, as text': Buffer.from(me),
  'chain of one who has an invitation': await asking(me, invitation, invitationKey),
  chain,
  'ruling that introduces the second peer': pack(introduction(second)),
  'ruling that bans the second peer': pack(await banned(other, WINDOW + LENGTH, 1, me, fleet, fleetKey)),
  'signed by the page\'s origin': refused ? Buffer.from(refused) : message(page, fleet, LENGTH),
  'mark of the page': mark(got.pages[0]),
  ...said,
  ...Object.fromEntries(sums),
  'root of the book': book.root(),
  'root of an empty book': new Book().root()
}
console.log(JSON.stringify(Object.fromEntries(Object.entries(made).map(([name, bytes]) => [name, hex(bytes)]))))
