// node's `ws` as a broadcaster: topics, one send() a message, corked by socket and flush.
//   node broadcast.js --port 0 --instruments 1000 --frames-per-flush 8 [--rate R --burst B] [--seconds S]
'use strict';
const { WebSocketServer } = require('ws');

const options = { port: 0, instruments: 1000, 'frames-per-flush': 8, rate: 0, burst: 1, seconds: 0 };
for (let i = 2; i + 1 < process.argv.length; i += 2) options[process.argv[i].slice(2)] = Number(process.argv[i + 1]);

const kHead = 'QUOTEOCEANBENCHINSTRUMENT';
const kMostWaiting = 1 << 20; // bytes; a client with more misses what comes meanwhile
const payloads = Array.from({ length: options.instruments }, (_, i) => Buffer.from(
  `{"tp":"D","c":"CF:${kHead}${String(i).padStart(7, '0')}","b":[{"p":"100000.12345","v":"${'0'.repeat(19)}"}],` +
  '"a":[{"p":"100001.12345","v":"12345678.12345678"}],"ts":1790000000}'));
const stampAt = payloads[0].indexOf('"v":"') + 5;
const listeners = Array.from({ length: options.instruments }, () => []);
let subscriptions = 0;
let next = 0;

const server = new WebSocketServer({ port: options.port, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096 });
server.on('listening', () =>
  console.log(`node_ws: pid ${process.pid} listens on 127.0.0.1:${server.address().port}`));
server.on('connection', (client) => {
  client.on('error', () => {});
  client.on('message', (data) => {
    const message = JSON.parse(data);
    for (const code of message.codes || []) {
      listeners[Number(code.slice(-7))].push(client);
      subscriptions += 1;
    }
    client.send('{"type":"D","msg":"OK"}');
  });
});

function publish(updates) {
  const touched = new Set();
  for (let i = 0; i < updates; i += 1, next += 1) {
    const instrument = next % options.instruments;
    // A copy by update: what waits in a socket must not change.
    const payload = Buffer.from(payloads[instrument]);
    payload.write(process.hrtime.bigint().toString().padStart(19, '0'), stampAt, 'latin1');
    for (const client of listeners[instrument]) {
      if (client.readyState !== 1 || client.bufferedAmount > kMostWaiting) continue;
      if (!touched.has(client)) {
        touched.add(client);
        client._socket.cork();
      }
      client.send(payload, { binary: false });
    }
  }
  for (const client of touched) client._socket.uncork();
}

function saturate() {
  if (subscriptions > 0) {
    const listened = options.instruments * server.clients.size;
    publish(Math.max(1, Math.round((options['frames-per-flush'] * listened) / subscriptions)));
  }
  setImmediate(saturate);
}

if (options.rate > 0) {
  const begun = process.hrtime.bigint();
  let bursts = 0;
  const tick = () => {
    const due = (Number(process.hrtime.bigint() - begun) * 1e-9 * options.rate) / options.burst;
    for (; bursts < due; bursts += 1) publish(options.burst);
    setImmediate(tick);
  };
  tick();
} else {
  saturate();
}
if (options.seconds > 0) setTimeout(() => process.exit(0), options.seconds * 1000);
