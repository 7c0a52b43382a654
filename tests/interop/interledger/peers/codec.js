// The reference codecs, a line of JSON in and a line of JSON out:
//   {"decode": hex}   -> {"packet": …, "hex": what it encodes to again}
//   {"make": kind}    -> {"packet": …, "hex": …} of a random packet
// An ILP packet is [type, fields…], a STREAM packet ["stream", type, sequence, amount, [[frame type, fields…]…]];
// integers are strings of digits, octets {"hex": …}, texts strings.
'use strict'
const readline = require('readline')
const { randomBytes, randomInt } = require('crypto')
const Long = require('long')
const ilp = require('ilp-packet')
const stream = require('ilp-protocol-stream/dist/src/packet')

const hex = (buffer) => ({ hex: buffer.toString('hex') })
const any = (choices) => choices[randomInt(choices.length)]
const octets = (most) => randomBytes(randomInt(most + 1))
const text = () => Array.from({ length: randomInt(30) }, () => any(['a', 'Z', ' ', 'é', '漢', '😀', '"'])).join('')
const address = () => any(['g', 'test', 'private', 'example', 'test2']) + Array.from({ length: 1 + randomInt(8) }, () => '.' + any(['a', 'B-1', 'x_~9', 'connector'])).join('')
const uint64 = () => Long.fromBytesBE([...Buffer.alloc(8 - randomInt(9)), ...randomBytes(8)].slice(0, 8), true)
const long = () => any([uint64(), Long.fromNumber(randomInt(300), true), Long.MAX_UNSIGNED_VALUE, Long.UZERO])
const field = (value) =>
  Long.isLong(value) ? value.toString() : Buffer.isBuffer(value) ? hex(value) : typeof value === 'number' ? String(value) : value

const ILP = {
  12: { read: ilp.deserializeIlpPrepare, write: ilp.serializeIlpPrepare, show: (p) => [p.amount, p.expiresAt.toISOString(), hex(p.executionCondition), p.destination, hex(p.data)],
    make: () => ({ amount: long().toString(), expiresAt: new Date(946684800000 + randomInt(2 ** 42)), executionCondition: randomBytes(32), destination: address(), data: octets(300) }) },
  13: { read: ilp.deserializeIlpFulfill, write: ilp.serializeIlpFulfill, show: (p) => [hex(p.fulfillment), hex(p.data)],
    make: () => ({ fulfillment: randomBytes(32), data: octets(300) }) },
  14: { read: ilp.deserializeIlpReject, write: ilp.serializeIlpReject, show: (p) => [p.code, p.triggeredBy, p.message, hex(p.data)],
    make: () => ({ code: any(['F00', 'F08', 'F99', 'T04', 'R01']), triggeredBy: any(['', address()]), message: text(), data: octets(300) }) },
}

const FRAMES = [
  () => new stream.ConnectionCloseFrame(randomInt(256), text()), () => new stream.ConnectionNewAddressFrame(address()),
  () => new stream.ConnectionAssetDetailsFrame(text(), randomInt(256)), () => new stream.ConnectionMaxDataFrame(long()),
  () => new stream.ConnectionDataBlockedFrame(long()), () => new stream.ConnectionMaxStreamIdFrame(long()),
  () => new stream.ConnectionStreamIdBlockedFrame(long()), () => new stream.StreamCloseFrame(long(), randomInt(256), text()),
  () => new stream.StreamMoneyFrame(long(), long()), () => new stream.StreamMaxMoneyFrame(long(), long(), long()),
  () => new stream.StreamMoneyBlockedFrame(long(), long(), long()), () => new stream.StreamDataFrame(long(), long(), octets(300)),
  () => new stream.StreamMaxDataFrame(long(), long()), () => new stream.StreamDataBlockedFrame(long(), long()),
  () => new stream.StreamReceiptFrame(long(), randomBytes(58)),
]

const showFrame = ({ type, name, ...fields }) => [String(type), ...Object.values(fields).map(field)]
const showStream = (p) => ['stream', String(p.ilpPacketType), p.sequence.toString(), p.prepareAmount.toString(), p.frames.map(showFrame)]
const streamHex = (p) => p._serialize().toString('hex')

function decode(given) {
  const buffer = Buffer.from(given, 'hex')
  if (buffer[0] === 1) {
    const packet = stream.Packet._deserializeUnencrypted(buffer)
    return { packet: showStream(packet), hex: streamHex(packet) }
  }
  const kind = ILP[buffer[0]]
  const packet = kind.read(buffer)
  return { packet: [String(buffer[0]), ...kind.show(packet)], hex: kind.write(packet).toString('hex') }
}

function make(type) {
  if (type === 1) {
    const frames = Array.from({ length: randomInt(6) }, () => any(FRAMES)())
    const packet = new stream.Packet(long(), any([12, 13, 14]), long(), frames)
    return { packet: showStream(packet), hex: streamHex(packet) }
  }
  const packet = ILP[type].make()
  return { packet: [String(type), ...ILP[type].show(packet)], hex: ILP[type].write(packet).toString('hex') }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const asked = JSON.parse(line)
  console.log(JSON.stringify(asked.decode ? decode(asked.decode) : make(asked.make)))
})
