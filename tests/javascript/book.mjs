// The book: sections 8 and 10 of docs/protocol.md. A fact is [standing, since, number] under [repository, root,
// generation], a ruling [kind, subject, value, version, peer].
import { array, float, hex, pack, sha256, sumOf } from './wire.mjs'

const BUCKETS = 64
const FILED = 3

const nameOfFact = key => ['fact', key]
const nameOfRuling = ([kind, subject]) => ['ruling', kind, subject]
const packFact = ([standing, since, number]) => array(pack(standing), float(since), pack(number))

export class Book {
  #facts = new Map()
  #rulings = new Map()

  // Merges a fact. No answer: it only ever rises.
  putFact (key, fact) {
    const both = [fact, this.#facts.get(hex(pack(key)))?.fact ?? fact]
    const numbers = both.filter(([standing]) => standing === FILED).map(([, , number]) => number)
    const least = numbers.length > 0 ? Math.min(...numbers) : 0
    const joined = [Math.max(both[0][0], both[1][0]), Math.min(both[0][1], both[1][1]), least]
    this.#facts.set(hex(pack(key)), { key, fact: joined })
  }

  putRuling (ruling) {
    const name = hex(pack(nameOfRuling(ruling)))
    const old = this.#rulings.get(name)
    if (old == null || Buffer.compare(rank(ruling), rank(old)) > 0) this.#rulings.set(name, ruling)
  }

  rulings = kind => [...this.#rulings.values()].filter(ruling => ruling[0] === kind)

  // When who is banned was banned, by peer or key of an invitation.
  bans = () => new Map(this.rulings('ban').filter(([, , value]) => value[0] != null).map(([, who, value]) => [who, value[0]]))

  sums () {
    const marks = Array.from({ length: BUCKETS }, () => [])
    for (const [name, entry] of this.#entries()) {
      marks[bucket(name)].push(sha256(array(pack(name), entry)).subarray(0, 16))
    }
    return marks.map(each => sumOf(each, 16))
  }

  root = () => sha256(...this.sums()).subarray(0, 16)

  // The entries of all buckets whose sum is not as given.
  differing (sums) {
    const wanted = new Set(this.sums().flatMap((sum, n) => sums[n] && sum.equals(sums[n]) ? [] : [n]))
    const facts = [...this.#facts.values()].filter(({ key }) => wanted.has(bucket(nameOfFact(key))))
    const rulings = [...this.#rulings.values()].filter(ruling => wanted.has(bucket(nameOfRuling(ruling))))
    return { facts: facts.map(({ key, fact }) => [key, fact]), rulings }
  }

  * #entries () {
    for (const { key, fact } of this.#facts.values()) yield [nameOfFact(key), packFact(fact)]
    for (const ruling of this.#rulings.values()) yield [nameOfRuling(ruling), pack(ruling)]
  }
}

const bucket = name => sha256(pack(name))[0] % BUCKETS

function rank ([, , value, version, peer]) {
  const number = Buffer.alloc(8)
  number.writeBigUInt64BE(BigInt(version))
  return Buffer.concat([number, Buffer.from(`${peer}\0`), pack(value)])
}
