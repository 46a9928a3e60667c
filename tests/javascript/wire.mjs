// Values and frames: sections 2 and 4 of docs/protocol.md.
import { createHash } from 'node:crypto'
import { byteStream } from '@libp2p/utils'
import { decode, encode } from '@msgpack/msgpack'

const HEAD_BYTES = 5
const DIGEST_BYTES = 32
const MAX_PAYLOAD = 1024 * 1024
const WRITE_BYTES = 16 * 1024
const OK = 0
const REQUEST = 1
const FAILED = 3

export const unpack = decode

// Canonical, but for `float` fields: those are written by `float`, in arrays put together by `array`.
export const pack = value => encode(value, { sortKeys: true })

export function float (seconds) {
  const bytes = Buffer.alloc(9, 0xcb)
  bytes.writeDoubleBE(seconds, 1)
  return bytes
}

export const array = (...packed) => Buffer.concat([Buffer.of(0x90 | packed.length), ...packed])

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()

export const hex = bytes => Buffer.from(bytes).toString('hex')

// A sum is a number of `size` bytes, big endian.
export const sumOf = (marks, size) => {
  const total = marks.reduce((sum, mark) => sum + BigInt(`0x${hex(mark)}`), 0n)
  return Buffer.from(BigInt.asUintN(8 * size, total).toString(16).padStart(2 * size, '0'), 'hex')
}

function frame (status, payload) {
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(payload.length)
  head.writeUInt8(status, 4)
  return Buffer.concat([head, payload, sha256(head.subarray(4), payload)])
}

async function write (bytes, status, payload) {
  const whole = frame(status, payload)
  for (let start = 0; start < whole.length; start += WRITE_BYTES) {
    await bytes.write(whole.subarray(start, start + WRITE_BYTES))
  }
}

async function read (bytes) {
  const head = Buffer.from((await bytes.read({ bytes: HEAD_BYTES })).subarray())
  const length = head.readUInt32BE()
  if (length > MAX_PAYLOAD) throw new Error(`a frame of ${length} bytes`)
  const rest = Buffer.from((await bytes.read({ bytes: length + DIGEST_BYTES })).subarray())
  const payload = rest.subarray(0, length)
  if (!sha256(head.subarray(4), payload).equals(rest.subarray(length))) throw new Error('damaged')
  return { status: head[4], payload }
}

// Answers every question on a stream until the other side ends it.
export async function serve (stream, handler) {
  const bytes = byteStream(stream)
  try {
    for (;;) {
      const { payload } = await read(bytes)
      const answer = await handler(payload).catch(() => null)
      await write(bytes, answer ? OK : FAILED, answer ?? Buffer.alloc(0))
    }
  } catch (error) {
    if (error.name === 'UnexpectedEOFError') await stream.close()
    else stream.abort(error)
  }
}

// Asks one question after the other on one stream.
export async function opened (connection, protocol) {
  const bytes = byteStream(await connection.newStream(protocol))
  return async question => {
    await write(bytes, REQUEST, question)
    const { status, payload } = await read(bytes)
    if (status !== OK) throw new Error(`no answer: status ${status}`)
    return payload
  }
}
