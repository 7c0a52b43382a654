// A connector with an exchange rate, a maximum packet amount, latency and faults, between one sender and one receiver.
'use strict'
const packets = require('ilp-packet')
const { post, serve, sleep } = require('./http')

const NEXT = process.env.NEXT
const [NUMERATOR, DENOMINATOR] = (process.env.RATE || '1/2').split('/').map(BigInt)
const MAXIMUM = BigInt(process.env.MAX || 100)
const TELLS_MAXIMUM = process.env.F08_METADATA !== '0'
const LATENCY = Number(process.env.LATENCY_MS || 0)
const T04_EVERY = Number(process.env.T04_EVERY || 0)

const stats = { prepares: 0, fulfilled: 0, rejected: {}, sent: 0n, delivered: 0n }

const refuse = (code, data = Buffer.alloc(0)) =>
  packets.serializeIlpReject({ code, triggeredBy: 'test.connector', message: '', data })

function tooLarge(amount) {
  const data = Buffer.alloc(16)
  data.writeBigUInt64BE(amount, 0)
  data.writeBigUInt64BE(MAXIMUM, 8)
  return refuse('F08', TELLS_MAXIMUM ? data : undefined)
}

async function forward(octets) {
  const prepare = packets.deserializeIlpPrepare(octets)
  const amount = BigInt(prepare.amount)
  const value = amount > 0n
  if (value && T04_EVERY && ++stats.prepares % T04_EVERY === 0) return refuse('T04')
  if (amount > MAXIMUM) return tooLarge(amount)
  const delivered = (amount * NUMERATOR) / DENOMINATOR
  const expiresAt = new Date(prepare.expiresAt.getTime() - 1000)
  const reply = await post(NEXT, packets.serializeIlpPrepare({ ...prepare, amount: delivered.toString(), expiresAt }), 'connector')
  if (reply[0] === packets.Type.TYPE_ILP_FULFILL) {
    stats.fulfilled += 1
    stats.sent += amount
    stats.delivered += delivered
  }
  return reply
}

function count(reply) {
  if (reply[0] !== packets.Type.TYPE_ILP_REJECT) return
  const { code } = packets.deserializeIlpReject(reply)
  stats.rejected[code] = (stats.rejected[code] || 0) + 1
}

serve(async (request, body) => {
  if (request.url === '/stats') return { ...stats, sent: String(stats.sent), delivered: String(stats.delivered) }
  if (request.method !== 'POST') return undefined
  if (LATENCY) await sleep(LATENCY)
  const reply = await forward(body)
  count(reply)
  if (LATENCY) await sleep(LATENCY)
  return reply
})
