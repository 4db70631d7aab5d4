// The carrier's outermost box: passes SIP between PBXs and the carrier's Asterisk, keeps to itself every INVITE to a number that ends in 75 (no
// reply of the carrier at all: an Asterisk would always say 100 Trying), and writes down what passes. Frozen with SIGSTOP it is a dead trunk.
//
// Only the first exchange of a call comes by: what follows goes straight between the two sides' Contact addresses, as does the audio.
//
// node trunk-gate.mjs HOST PORT CARRIER_HOST CARRIER_PORT LEDGER (LEDGER may be /dev/stdout)
import { createSocket } from 'node:dgram';
import { openSync, writeSync } from 'node:fs';

const [host, port, carrierHost, carrierPort, ledgerFile] = process.argv.slice(2);
const ledger = openSync(ledgerFile, 'a', 0o600);
const outside = createSocket('udp4');
/** One socket towards the carrier per PBX, so that its answers find their way back. */
const towardsCarrier = new Map();
/** Transactions seen in the last minute: a request that comes again is a retransmission. */
const seen = new Map();

outside.on('message', (packet, peer) => {
  const message = readMessage(packet);
  if (message !== null) writeDown(message);
  if (message?.number !== undefined && /^\+?380\d{7}75$/.test(message.number)) return;
  socketFor(peer).send(packet, Number(carrierPort), carrierHost);
});
outside.bind({ port: Number(port), address: host, exclusive: true });
// As the first process of a container it would be deaf to this signal.
process.on('SIGTERM', () => process.exit(0));

function socketFor(peer) {
  const key = `${peer.address}:${peer.port}`;
  let socket = towardsCarrier.get(key);
  if (socket === undefined) {
    socket = createSocket('udp4');
    socket.on('message', (packet) => {
      const message = readMessage(packet);
      if (message !== null) writeDown(message);
      outside.send(packet, peer.port, peer.address);
    });
    // Bound to the same address, so that the carrier never answers to another one of the machine.
    socket.bind(0, host);
    // A carrier that is down answers with "port unreachable"; for the PBX that is silence.
    socket.on('error', () => undefined);
    towardsCarrier.set(key, socket);
  }
  return socket;
}

/** What the ledger needs of a SIP message; null for keep-alives and for OPTIONS, which would fill it. */
function readMessage(packet) {
  const text = packet.toString('latin1');
  const [first = ''] = text.split('\r\n', 1);
  const header = (name) => new RegExp(`^(?:${name})\\s*:\\s*(.*)$`, 'im').exec(text)?.[1]?.trim() ?? '';
  const [sequence, method = ''] = header('CSeq').split(/\s+/);
  if (method === '' || method === 'OPTIONS') return null;
  const response = /^SIP\/2\.0 (\d{3})/.exec(first);
  return {
    callId: header('Call-ID|i'),
    method,
    sequence,
    caller: /sip:([^@;>]*)@/.exec(header('From|f'))?.[1] ?? '',
    ...(response === null
      ? { number: /^\S+ sips?:([^@;\s]*)@/.exec(first)?.[1] ?? '' }
      : { status: Number(response[1]) }),
  };
}

function writeDown({ callId, method, sequence, caller, number, status }) {
  const now = Date.now();
  const key = `${callId} ${method} ${sequence} ${status ?? 'request'}`;
  const again = seen.has(key);
  seen.set(key, now);
  if (seen.size > 5_000) for (const [old, at] of seen) if (now - at > 60_000) seen.delete(old);
  const line = {
    at: new Date(now).toISOString(),
    callId,
    method,
    ...(status === undefined ? { number, caller } : { status }),
    again,
  };
  writeSync(ledger, `${JSON.stringify(line)}\n`);
}
