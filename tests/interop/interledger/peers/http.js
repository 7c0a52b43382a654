// Two small things every peer needs: a server that says where it listens, and a POST over kept-alive connections.
'use strict'
const http = require('http')

const agent = new http.Agent({ keepAlive: true, maxSockets: 64 })
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

const body = (message) =>
  new Promise((resolve, reject) => {
    const parts = []
    message.on('data', (part) => parts.push(part))
    message.on('end', () => resolve(Buffer.concat(parts)))
    message.on('error', reject)
  })

function post(url, packet, token) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': packet.length, authorization: `Bearer ${token}` }
    const request = http.request(url, { method: 'POST', headers, agent }, (response) => body(response).then(resolve, reject))
    request.on('error', reject)
    request.end(packet)
  })
}

// Answer with what `reply(request, body)` returns: a Buffer as it is, anything else as JSON, nothing as 404.
function serve(reply) {
  const server = http.createServer({ keepAlive: true, noDelay: true }, async (request, response) => {
    try {
      const found = await reply(request, await body(request))
      if (found === undefined) response.writeHead(404).end()
      else if (Buffer.isBuffer(found)) response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(found)
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(found))
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.keepAliveTimeout = 60000
  server.listen(Number(process.env.PORT || 0), '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })))
}

module.exports = { post, serve, sleep }
