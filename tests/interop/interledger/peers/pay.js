// The reference sender: node pay.js <connector url> <credentials as JSON> send|deliver <amount>
'use strict'
const { setupPayment, startQuote, pay, closeConnection } = require('@interledger/pay')
const { post } = require('./http')

const [uplink, credentials, direction, amount] = process.argv.slice(2)
const { address, secret, asset } = JSON.parse(credentials)
const plugin = { sendData: (packet) => post(uplink, packet, 'reference') }
const text = (key, value) => (typeof value === 'bigint' ? String(value) : Buffer.isBuffer(value) ? value.toString('base64') : value)
const elapsed = (since) => Number(process.hrtime.bigint() - since) / 1e6

async function main() {
  const began = process.hrtime.bigint()
  const destination = await setupPayment({ plugin, destinationAddress: address, sharedSecret: Buffer.from(secret, 'base64'), destinationAsset: asset })
  const target = direction === 'send' ? { amountToSend: amount } : { amountToDeliver: amount }
  const prices = { USD: 1, EUR: 2 }
  const quote = await startQuote({ plugin, destination, sourceAsset: { code: 'USD', scale: 2 }, prices, slippage: 0.01, ...target })
  const quoted = process.hrtime.bigint()
  const outcome = await pay({ plugin, destination, quote })
  const payMs = elapsed(quoted)
  await closeConnection(plugin, destination)
  const { maxSourceAmount, minDeliveryAmount, maxPacketAmount } = quote
  console.log(JSON.stringify({ ...outcome, maxSourceAmount, minDeliveryAmount, maxPacketAmount, quoteMs: Number(quoted - began) / 1e6, payMs }, text))
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1) })
