// Lets the host in to ports of this network namespace that listen on loopback only: node door.mjs 8080=3000 8081=3100
import { connect, createServer } from 'node:net';

for (const pair of process.argv.slice(2)) {
  const [outer, inner] = pair.split('=').map(Number);
  createServer((outside) => {
    const inside = connect(inner, '127.0.0.1');
    for (const [one, other] of [
      [outside, inside],
      [inside, outside],
    ]) {
      one.setNoDelay(true);
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(outer, '0.0.0.0');
}
process.on('SIGTERM', () => process.exit(0));
