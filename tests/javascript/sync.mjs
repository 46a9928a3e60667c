// Sync: section 9 of docs/protocol.md.
import { FAR, FUTURE, replaces } from './page.mjs'
import { hex, pack, unpack } from './wire.mjs'

const FETCHED = 64 // pages asked for at once
const ANSWER_BYTES = 200 * 1024
const LISTED = 4096

// What this peer says to a question. `has`: pages, book, horizon.
export function answer (question, { pages, book, horizon }) {
  const asked = unpack(question)
  switch (asked.type) {
    case 'compare': return pack(compared(asked, pages, book, horizon))
    case 'origins': {
      const sums = asked.windows.filter(window => window >= horizon)
        .flatMap(window => pages.origins(window).map(origin => [window, origin, pages.sumOfOrigin(window, origin)]))
      return pack({ type: 'origin-sums', sums: sums.slice(0, LISTED) })
    }
    case 'versions': {
      const versions = asked.of.flatMap(([window, origin]) => pages.versions(window, origin))
      return pack({ type: 'version-list', versions: versions.slice(0, LISTED) })
    }
    case 'fetch': return pack({ type: 'pages', pages: fitting(asked.keys.slice(0, FETCHED).map(pages.get)) })
    case 'fetch-book': return pack({ type: 'book-entries', ...book.differing(asked.sums) })
    default: return Buffer.alloc(0)
  }
}

function compared (asked, pages, book, own) {
  const horizon = Math.max(asked.horizon, own)
  const same = asked.horizon === horizon &&
    pages.sumOfRange(horizon, asked.open_from).equals(asked.closed) &&
    pages.sumOfRange(asked.open_from, FAR).equals(asked.open)
  const windows = same ? [] : pages.windows(horizon).map(window => [window, pages.sumOfWindow(window)])
  return { type: 'compared', horizon, windows, book: !book.root().equals(asked.book), same }
}

function fitting (some) {
  let size = 0
  return some.filter(page => page != null && (size += page[2].length + 200) <= ANSWER_BYTES)
}

// All that a neighbour has and this peer lacks: {pages, facts, rulings}. `ask` takes bytes and gives bytes.
export async function pull (ask, { pages, book, horizon }, now, length) {
  const put = async (question, type) => {
    const given = unpack(await ask(pack(question)))
    if (given.type !== type) throw new Error(`expected ${type}, got ${given.type}`)
    return given
  }
  const openFrom = (Math.floor(now / length) - 1) * length
  const first = await put({
    type: 'compare',
    horizon,
    open_from: openFrom,
    closed: pages.sumOfRange(horizon, openFrom),
    open: pages.sumOfRange(openFrom, FAR),
    book: book.root()
  }, 'compared')
  const entries = first.book ? await put({ type: 'fetch-book', sums: book.sums() }, 'book-entries') : {}
  const lowest = Math.max(horizon, first.horizon)
  const windows = (first.windows ?? [])
    .filter(([window, sum]) => window >= lowest && window <= now + FUTURE && !pages.sumOfWindow(window).equals(sum))
    .map(([window]) => window)
  const wanted = windows.length > 0 ? await missing(put, pages, windows) : []
  return { pages: await fetched(put, wanted), facts: entries.facts ?? [], rulings: entries.rulings ?? [] }
}

async function missing (put, pages, windows) {
  const { sums } = await put({ type: 'origins', windows }, 'origin-sums')
  const of = sums.filter(([window, origin, sum]) => !pages.sumOfOrigin(window, origin).equals(sum))
    .map(([window, origin]) => [window, origin])
  if (of.length === 0) return []
  const { versions } = await put({ type: 'versions', of }, 'version-list')
  return versions.filter(version => replaces(version, pages.get(version[0]))).map(([key]) => key)
}

async function fetched (put, keys) {
  const got = []
  let wanted = keys
  while (wanted.length > 0) {
    const given = (await put({ type: 'fetch', keys: wanted.slice(0, FETCHED) }, 'pages')).pages
    if (given.length === 0) break
    const have = new Set(given.map(page => hex(pack(page[0]))))
    got.push(...given)
    wanted = wanted.filter(key => !have.has(hex(pack(key))))
  }
  return got
}
