// The reference STREAM receiver (RECEIVER names the version) with an SPSP endpoint and invoices of both kinds.
'use strict'
const packets = require('ilp-packet')
const { randomBytes, createHash } = require('crypto')
const { serve } = require('./http')
const { StreamServer } = require(process.env.RECEIVER || 'receiver-alpha.4')

const asset = { code: process.env.ASSET_CODE || 'EUR', scale: Number(process.env.ASSET_SCALE || 2) }
const receiptSecret = createHash('sha256').update('receipts').digest()
const server = new StreamServer({ serverSecret: randomBytes(32), serverAddress: 'test.receiver' })
const received = new Map()
const invoices = new Map()

const credentials = (paymentTag, receiptSetup) => server.generateCredentials({ paymentTag, asset, receiptSetup })

function spsp(request) {
  const nonce = request.headers['receipt-nonce']
  const receiptSetup = nonce && { nonce: Buffer.from(nonce, 'base64'), secret: Buffer.from(request.headers['receipt-secret'], 'base64') }
  const { ilpAddress, sharedSecret } = credentials('account', receiptSetup || { nonce: Buffer.alloc(16, 7), secret: receiptSecret })
  return { destination_account: ilpAddress, shared_secret: sharedSecret.toString('base64'), receipts_enabled: true }
}

function makeInvoice(body) {
  const id = randomBytes(6).toString('hex')
  invoices.set(id, JSON.parse(body))
  return { id }
}

function invoice2021(id, host) {
  const { ilpAddress, sharedSecret } = credentials(id)
  return {
    id: `http://${host}/invoices/${id}`, account: 'http://receiver.test/account', amount: invoices.get(id).amount, received: String(received.get(id) || 0n),
    assetCode: asset.code, assetScale: asset.scale, expiresAt: '2099-01-01T00:00:00Z', description: 'coffee', ilpAddress, sharedSecret: sharedSecret.toString('base64'),
  }
}

function incomingPayment(id, host) {
  const { ilpAddress, sharedSecret } = credentials(id)
  const amount = (value) => ({ value: String(value), assetCode: asset.code, assetScale: asset.scale })
  return {
    id: `http://${host}/incoming-payments/${id}`, walletAddress: 'https://receiver.test/account', completed: false,
    incomingAmount: amount(invoices.get(id).amount), receivedAmount: amount(received.get(id) || 0n), expiresAt: '2099-01-01T00:00:00Z',
    methods: [{ type: 'ilp', ilpAddress, sharedSecret: sharedSecret.toString('base64url') }],
  }
}

function receive(octets) {
  const prepare = packets.deserializeIlpPrepare(octets)
  const incoming = server.createReply(prepare)
  if (!incoming.accept) return packets.serializeIlpReply(incoming)
  const total = (received.get(incoming.paymentTag) || 0n) + BigInt(prepare.amount)
  received.set(incoming.paymentTag, total)
  incoming.setTotalReceived(total.toString())
  return packets.serializeIlpReply(incoming.accept())
}

serve((request, body) => {
  const [, place, id] = request.url.split('/')
  if (request.url === '/ilp') return receive(body)
  if (request.url === '/.well-known/pay') return spsp(request)
  if (request.url === '/stats') return Object.fromEntries([...received].map(([tag, total]) => [tag, String(total)]))
  if (request.method === 'POST' && place === 'invoices') return makeInvoice(body)
  if (place === 'invoices' && invoices.has(id)) return invoice2021(id, request.headers.host)
  if (place === 'incoming-payments' && invoices.has(id)) return incomingPayment(id, request.headers.host)
})
